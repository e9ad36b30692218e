from pathlib import Path

import numpy as np

from benchmarks.lapped import Bench
from benchmarks.spectrograms import by_way, draw
from runtime.metrics import si_snr
from train.data.clips import SAMPLE_RATE, Clip


def test_every_sound_is_drawn(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)
    draw({"original": sound, "events 1.5 kbit/s": sound}, tmp_path / "spectrograms.png")
    assert (tmp_path / "spectrograms.png").stat().st_size > 1000


def test_every_way_of_decoding_is_near_the_original() -> None:
    time = np.arange(4 * SAMPLE_RATE) / SAMPLE_RATE
    sound = sum(0.1 * np.sin(2 * np.pi * f * time) for f in (220, 331, 442)).astype(np.float32)
    sounds = by_way(
        Clip("tones", sound), Bench(None, "better", judged=False), ("waveform", "dpm_4")
    )
    assert list(sounds) == ["original", "waveform", "dpm_4"]
    assert all(si_snr(sound, copy) > 8 for copy in sounds.values())
