"""The README: what it shows runs, line by line, in a folder that holds one recording."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from urllib.request import urlopen

import pytest
import soundfile
import symusic

from runtime.bundle import open_bundle
from spiking_music.cli import studio
from spiking_music.cli.app import VERBS
from spiking_music.cli.main import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
CLIP = ROOT / "runtime" / "clips" / "3-beethoven-allegro.flac"
SECONDS = 2


def examples(page: str) -> Iterator[str]:
    """The Python blocks and the shell lines of a page, in order; Python ends with a newline."""
    pattern = r"```python\n([\s\S]*?)```|^    ((?:spiking-music|mkdir|cp) .*)$"
    for found in re.finditer(pattern, page, re.MULTILINE):
        yield found[1] or found[2]


def run(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a shell line; the studio, which does not end by itself, is stopped once it serves."""
    words = shlex.split(line, comments=True)
    if words[0] != "spiking-music" or "|" in words:
        monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        subprocess.run(["bash", "-euo", "pipefail", "-c", line], check=True)
        return
    if words[1] == "studio":
        words += ["--port", "0"]  # another studio may be open here
        monkeypatch.setattr(studio, "print", visited, raising=False)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
    monkeypatch.setattr(sys, "argv", words)
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code in ((130,) if words[1] == "studio" else (None, 0)), line


def visited(told: str, **_: object) -> None:
    """What the studio tells a person, who opens its page and then presses Ctrl-C."""

    def visit() -> None:
        try:
            urlopen(told.split()[0]).close()
        finally:
            os.kill(os.getpid(), signal.SIGINT)

    Thread(target=visit).start()


def hand_made(folder: Path) -> None:
    """What the README's lines need beside the recording: its notes, and a listener's ratings."""
    score = symusic.Score(480, ttype="Tick")
    track = symusic.Track()
    track.notes.extend(symusic.Note(24 * n, 24, 60 + n % 2, 64) for n in range(80))  # in 2 s
    score.tracks.append(track)
    score.dump_midi(folder / "piece.mid")
    ratings = {"reference": 95, "low-pass 3.5 kHz": 30, "low-pass 7.0 kHz": 60, "distorted": 5}
    trials = [{"clip": "piece", "ratings": ratings | {"small": 40}}]
    result = {"format": 1, "test": "test", "listener": "ann", "seed": 1, "trials": trials}
    (folder / "results.json").write_text(json.dumps(result))


@pytest.mark.parametrize("page", ["README.md", "docs/streaming.md"])
def test_what_a_page_shows_runs_in_order(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    samples, rate = soundfile.read(CLIP)
    soundfile.write("piece.wav", samples[: SECONDS * rate], rate)
    hand_made(tmp_path)
    names: dict[str, object] = {}
    for example in examples((ROOT / page).read_text(encoding="utf-8")):
        if example.endswith("\n"):
            exec(compile(example, page, "exec"), names)
        else:
            run(example, monkeypatch)
    if page == "README.md":
        length = SECONDS * rate
        assert {soundfile.info(name).frames for name in ("decoded.wav", "again.wav")} == {length}
        assert open_bundle(Path("my-bundle")).manifest.name == "tiny"
        for made in ("mine.spk", "demo/report.html", "evaluated", "analysed", "test.html"):
            assert Path(made).exists(), made


def test_every_verb_is_shown_and_every_shown_verb_exists() -> None:
    shown = set(re.findall(r"^    spiking-music (\w+)", README, re.MULTILINE))
    assert shown == {verb.__name__ for verbs in VERBS.values() for verb in verbs} | {
        "listen",
        "nir",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_into_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
