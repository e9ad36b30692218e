"""The command line as tests call it, and a recording to give it."""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from spiking_music.cli.main import main

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line here and return its exit code, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["spiking-music", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        code = stop.value.code
        assert code is None or isinstance(code, int)
        return code or 0, captured.out, captured.err

    return run


@pytest.fixture
def piece(tmp_path: Path) -> Path:
    """A stereo recording at 44.1 kHz of an odd length: 15 000.5 samples at 22 050 Hz."""
    path = tmp_path / "piece.flac"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (30_001, 2)), 44_100)
    return path
