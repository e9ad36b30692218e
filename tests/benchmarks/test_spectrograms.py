from pathlib import Path

import numpy as np

from benchmarks.spectrograms import draw


def test_every_sound_is_drawn(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    draw({"original": sound, "events 1.5 kbit/s": sound}, tmp_path / "spectrograms.png")
    assert (tmp_path / "spectrograms.png").stat().st_size > 1000
