"""Files of a user that are named like rooms of this project do no harm to any verb."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.bundle import Bundle

SCRIPT = Path(sys.executable).with_name("spiking-music")
NAMES = ("runtime", "neuromorphic", "train", "export", "report", "events", "numpy", "nir", "queue")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a recording and modules that complain when they are imported."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(f"raise RuntimeError('{name}.py of the user')\n")
    soundfile.write(tmp_path / "a.wav", np.random.default_rng(0).normal(0, 0.1, 9_000), 22_050)
    return tmp_path


def test_every_verb_runs_beside_them(folder: Path, spiking_bundle: Bundle) -> None:
    bundle = ("--bundle", str(spiking_bundle.path))
    for words in (
        ("encode", "a.wav", *bundle),
        ("info", "a.spk"),
        ("verify", "a.spk"),
        ("decode", "a.spk", "b.wav", *bundle),
        ("encode", ".", "out", "--jobs", "2", *bundle),  # in processes of their own
        ("simulate", "a.wav", "--backend", "lava", *bundle),  # in another Python
        ("chips", "loihi1"),
    ):
        done = subprocess.run([SCRIPT, *words], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, (words, done.stderr)
