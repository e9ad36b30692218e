"""The transform by FFT, dense and by events."""

import numpy as np
import pytest
import soundfile

from benchmarks.transform import fft_products, measure


def test_an_fft_takes_far_fewer_products() -> None:
    assert fft_products(8) == 16 + 2 * 4 * 4 + 4 * 2 * 2
    assert 2048 * 4096 / fft_products(2048) > 200


def test_every_way_is_counted_and_priced(tmp_path) -> None:
    sound = np.sin(np.arange(15_000) / 20) / 4
    soundfile.write(tmp_path / "tone.wav", sound, 22050)
    found = measure([tmp_path / "tone.wav"])
    fft, dense, used, events = found["forward"]
    assert fft["operations"] < used["operations"] < dense["operations"]
    assert events["operations"] == pytest.approx(dense["operations"], rel=0.2)
    assert events["real_time_j"] > events["fast_j"] > events["joules"]["loihi2"] > 0
    whole, nonzero, rows = (row["operations"] for row in found["inverse"][1:])
    assert nonzero <= rows < whole
