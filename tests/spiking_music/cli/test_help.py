"""The help: every verb, right in 80 columns, with its defaults, and without Python's types."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from spiking_music.cli.app import VERBS

Run = Callable[..., tuple[int, str, str]]
NAMES = [verb.__name__ for verbs in VERBS.values() for verb in verbs]
HELPS = [(), *((name,) for name in NAMES), ("listen",), ("listen", "make"), ("listen", "score")]
HELPS += [("nir",), ("nir", "check"), ("nir", "export")]
CLI = Path(__file__).parents[3] / "spiking_music" / "cli"


@pytest.mark.parametrize("words", HELPS, ids=" ".join)
def test_help_is_plain_and_fits_80_columns(
    cli: Run, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    code, shown, errors = cli(*words, "-h")
    assert (code, errors) == (0, "")
    assert shown == cli(*words, "--help")[1]
    assert max(map(len, shown.splitlines())) <= 80
    assert not re.search(r"<(str|int|float|path|list\b.*)>|default: \(|\{", shown)
    assert not re.search(r"^  \w+  .*\.\.\.$", shown, re.MULTILINE), "a sentence is cut short"
    assert not re.search(r"^  -\S+( \S+)?$(?!\n {10})", shown, re.MULTILINE), "no help"


def test_every_verb_is_in_a_file_of_its_name_and_in_the_help(cli: Run) -> None:
    shown = cli("-h")[1]
    for name in (*NAMES, "listen", "nir"):
        assert (CLI / f"{name}.py").is_file()
        assert re.search(rf"^  {name} ", shown, re.MULTILINE)


def test_the_version_is_that_of_the_package(cli: Run) -> None:
    assert cli("--version") == (0, f"spiking-music {version('spiking-music')}\n", "")


def test_the_shell_completes_verbs() -> None:
    command = [sys.executable, "-c", "from spiking_music.cli.main import main; main()"]
    typed = {
        "_SPIKING_MUSIC_COMPLETE": "complete_bash",
        "COMP_WORDS": "spiking-music en",
        "COMP_CWORD": "1",
    }
    command[2] = "import sys; sys.argv = ['spiking-music']; " + command[2]
    found = subprocess.run(
        command, env=os.environ | typed, capture_output=True, text=True, check=False
    )
    assert set(found.stdout.split()) == {"encode", "energy"} & set(NAMES)
