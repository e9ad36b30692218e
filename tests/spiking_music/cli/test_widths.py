"""Tables in terminals of any width: nothing is cut, neither a number nor its unit."""

import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from fcntl import ioctl
from pathlib import Path

import pytest

from runtime.bundle import Bundle

Run = Callable[..., tuple[int, str, str]]
COLUMNS = (40, 80, 120)


def shown(words: tuple[object, ...], columns: int) -> str:
    """What a command shows in a terminal of so many columns."""
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    command = [sys.executable, "-m", "spiking_music", *map(str, words)]
    environment = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
    environment["TERM"] = "dumb"
    with subprocess.Popen(
        command, stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(theirs)
        data = b""
        while True:
            try:
                more = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            data += more
        assert process.wait() == 0
    os.close(ours)
    return data.decode().replace("\r\n", "\n")


def words_of(text: str) -> set[str]:
    return set(text.split())


@pytest.mark.parametrize("columns", COLUMNS)
def test_a_chip_shows_every_figure_at_every_width(cli: Run, columns: int) -> None:
    text = shown(("chips", "loihi2"), columns)
    piped = cli("chips", "loihi2")[1]
    numbers = {word for word in words_of(piped) if word[:1].isdigit()}
    assert numbers <= words_of(text)
    assert "…" not in text


@pytest.mark.parametrize("columns", COLUMNS)
def test_energies_are_whole_at_every_width(
    cli: Run, spiking_bundle: Bundle, piece: Path, columns: int
) -> None:
    words = ("energy", piece, "--bundle", spiking_bundle.path)
    text = shown(words, columns)
    piped = cli(*words)[1]
    numbers = {word for word in words_of(piped) if word[:1].isdigit()}
    assert numbers <= words_of(text)
    assert "…" not in text
