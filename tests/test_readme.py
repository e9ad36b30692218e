import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

import spiking_music

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def test_the_python_examples_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    sound = 0.1 * np.sin(np.arange(44_100) * 0.06)
    soundfile.write("piece.wav", np.stack([sound, sound], 1), 44_100)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    assert len(blocks) == 2
    assert soundfile.info("decoded.wav").frames == 22_050


def test_every_verb_is_shown_and_every_shown_verb_exists() -> None:
    shown = set(re.findall(r"^    spiking-music (\w+)", README, re.MULTILINE))
    verbs = {command.callback.__name__ for command in spiking_music.app.registered_commands}
    groups = {group.name for group in spiking_music.app.registered_groups}
    assert shown == verbs | groups


def test_every_link_into_the_repository_leads_somewhere() -> None:
    root = Path(__file__).parents[1]
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (root / target).exists(), target
