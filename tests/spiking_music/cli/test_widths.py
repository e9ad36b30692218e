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

import nir
import numpy as np
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


def whole_at_every_width(cli: Run, *words: object) -> None:
    """Every word of a pipe is in a terminal of any width, on one line."""
    code, piped, _ = cli(*words)
    assert code == 0
    for columns in COLUMNS:
        text = shown(words, columns)
        assert set(piped.split()) <= set(text.split())
        assert "…" not in text
        # Only a word that is itself too long, such as a path, goes beyond the edge.
        assert all(len(line.rpartition(" ")[0]) < columns for line in text.splitlines())


@pytest.fixture
def network(tmp_path: Path) -> Path:
    ones = np.ones(1200)
    lif = nir.LIF(tau=5e-3 * ones, r=ones, v_leak=0 * ones, v_threshold=ones)
    weight = np.random.default_rng(0).normal(0, 400, (1200, 3))
    path = tmp_path / "any.nir"
    nir.write(path, nir.NIRGraph.from_list(nir.Affine(weight, 0 * ones), lif))
    return path


@pytest.mark.parametrize("words", [("chips",), ("chips", "loihi1"), ("chips", "loihi2")])
def test_figures_of_chips_are_whole(cli: Run, words: tuple[str, ...]) -> None:
    whole_at_every_width(cli, *words)


def test_energies_are_whole(cli: Run, spiking_bundle: Bundle, piece: Path) -> None:
    whole_at_every_width(cli, "energy", piece, "--bundle", spiking_bundle.path)


def test_networks_are_whole(cli: Run, network: Path) -> None:
    whole_at_every_width(cli, "nir", network)
    whole_at_every_width(cli, "energy", network, "--rate", 50, "--dt", 1e-3, "--chip", "loihi1")


def test_facts_are_whole(cli: Run, spiking_bundle: Bundle, piece: Path, tmp_path: Path) -> None:
    spk = tmp_path / "x.spk"
    words = ("encode", piece, spk, "--bundle", spiking_bundle.path, "--title", "many words " * 9)
    assert cli(*words)[0] == 0
    whole_at_every_width(cli, "info", spk)
