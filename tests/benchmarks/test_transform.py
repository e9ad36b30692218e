"""The transform by FFT, dense and by events."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.transform import fft_products, measure, write
from export.lapped_cut import write_cut
from runtime.bundle import open_bundle


def test_an_fft_takes_far_fewer_products() -> None:
    assert fft_products(8) == 16 + 2 * 4 * 4 + 4 * 2 * 2
    assert 2048 * 4096 / fft_products(2048) > 200


def test_every_way_is_counted_and_priced(tmp_path, capsys) -> None:
    sound = np.sin(np.arange(15_000) / 20) / 4
    soundfile.write(tmp_path / "tone.wav", sound, 22050)
    found = measure([tmp_path / "tone.wav"])
    fft, dense, used, events = found["forward"]
    assert fft["operations"] < used["operations"] < dense["operations"]
    assert events["operations"] == pytest.approx(dense["operations"], rel=0.2)
    assert events["real_time_j"] > events["fast_j"] > events["joules"]["loihi2"] > 0
    whole, nonzero, rows, chip = (row["operations"] for row in found["inverse"][1:])
    assert nonzero <= rows < whole
    assert nonzero < chip < whole
    assert found["inverse"][-1]["chips"] == 2
    assert abs(found["chip_si_snr_db"] - found["unrefined_si_snr_db"]) < 0.2
    write(found, None)
    assert "of the chip's sums" in capsys.readouterr().out


def test_a_rate_is_kept_and_a_smaller_bundle_costs_less(tmp_path) -> None:
    file = tmp_path / "noise.wav"
    noise = np.random.default_rng(0).standard_normal(15_000) / 9
    soundfile.write(file, noise, 22050)
    model = write_cut(open_bundle(Path("lapped")), 64, tmp_path / "low").path
    few, many = (measure([file], model, kbps) for kbps in (1.5, 8))
    assert few["inverse"][-2]["operations"] < many["inverse"][-2]["operations"]
    assert few["forward"][-1]["chips"] == 1
