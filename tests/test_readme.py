import re
from pathlib import Path

import numpy as np
import pytest
import soundfile

from spiking_music.cli.app import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("page", "examples"), [("README.md", 2), ("docs/streaming.md", 1)])
def test_the_python_examples_run_one_after_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str, examples: int
) -> None:
    monkeypatch.chdir(tmp_path)
    sound = 0.1 * np.sin(np.arange(44_100) * 0.06)
    soundfile.write("piece.wav", np.stack([sound, sound], 1), 44_100)
    blocks = re.findall(
        r"```python\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL
    )
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    assert len(blocks) == examples
    if page == "README.md":
        assert soundfile.info("decoded.wav").frames == 22_050


def test_every_verb_is_shown_and_every_shown_verb_exists() -> None:
    shown = set(re.findall(r"^    spiking-music (\w+)", README, re.MULTILINE))
    verbs = {command.callback.__name__ for command in app.registered_commands}
    groups = {group.name for group in app.registered_groups}
    assert shown == verbs | groups


def test_every_link_into_the_repository_leads_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
