"""The README: what it shows runs, line by line, in a folder that holds one recording."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile
import typer.main

from runtime.bundle import Bundle
from spiking_music.cli.app import VERBS, app
from spiking_music.cli.main import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CLIP = ROOT / "runtime" / "clips" / "3-beethoven-allegro.flac"
SECONDS = 2
# They take minutes, wait for a person, or need what a person has made: only their words are checked
# here; the tests of their rooms run them.
CHECKED = ("analyse", "demo", "evaluate", "export", "listen", "studio", "train")


def examples(page: str) -> Iterator[str]:
    """The Python blocks and the shell lines of a page, in order; Python ends with a newline."""
    pattern = r"```python\n([\s\S]*?)```|^    ((?:spiking-music|mkdir|cp) .*)$"
    for found in re.finditer(pattern, page, re.MULTILINE):
        yield found[1] or found[2]


def run(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a shell line, or only parse it where its verb is one of `CHECKED`."""
    words = shlex.split(line, comments=True)
    if words[0] != "spiking-music" or "|" in words:
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        subprocess.run(["bash", "-euo", "pipefail", "-c", line], check=True)
    elif words[1] in CHECKED:
        command = typer.main.get_command(app)
        for verb in words[1 : 3 if words[1] == "listen" else 2]:
            command = command.commands[verb]  # type: ignore[attr-defined]
        command.make_context(words[1], words[3 if words[1] == "listen" else 2 :])
    else:
        monkeypatch.setattr(sys, "argv", words)
        with pytest.raises(SystemExit) as stop:
            main()
        assert not stop.value.code, line


@pytest.mark.parametrize("page", ["README.md", "docs/streaming.md"])
def test_what_a_page_shows_runs_in_order(
    page: str, spiking_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples, rate = soundfile.read(CLIP)
    soundfile.write("piece.wav", samples[: SECONDS * rate], rate)
    names: dict[str, object] = {}
    for example in examples((ROOT / page).read_text(encoding="utf-8")):
        if example.endswith("\n"):
            exec(compile(example, page, "exec"), names)
        else:
            run(example, monkeypatch)
        if " export " in example:
            shutil.copytree(spiking_bundle.path, "my-bundle")
    if page == "README.md":
        length = SECONDS * rate
        assert {soundfile.info(name).frames for name in ("decoded.wav", "again.wav")} == {length}
        assert Path("mine.spk").is_file()


def test_every_verb_is_shown_and_every_shown_verb_exists() -> None:
    shown = set(re.findall(r"^    spiking-music (\w+)", README, re.MULTILINE))
    assert shown == {verb.__name__ for verbs in VERBS.values() for verb in verbs} | {"listen"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
