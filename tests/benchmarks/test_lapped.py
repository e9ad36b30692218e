import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.lapped import QUALITY, Bench, measure, show
from train.data.clips import Clip


@pytest.fixture(scope="module")
def clip() -> Clip:
    time = np.arange(65_536) / 22_050
    tones = [
        np.sin(2 * np.pi * 110 * 2 ** (k / 4) * time) * np.exp(-3 * (time % (0.3 + 0.1 * k)))
        for k in range(8)
    ]
    return Clip("tones", (0.05 * np.sum(tones, axis=0)).astype(np.float32))


def test_a_row_keeps_what_it_was_to_keep(clip: Clip, tmp_path: Path) -> None:
    bench = Bench(Path("lapped"), "certified", judged=False)
    rows = measure(bench, {"made up": [clip]}, rates=(1.0,))
    quality, rate = rows
    assert QUALITY - 0.2 < quality.waveform < QUALITY + 2
    assert 0.5 < rate.payload <= 1.0
    assert rate.file > rate.payload + rate.corrections > 0
    assert rate.listening <= rate.waveform + 0.1
    show(rows, True, tmp_path / "rows.json")
    assert len(json.loads((tmp_path / "rows.json").read_text())) == 2


def test_every_part_that_is_left_out_costs_something(clip: Clip) -> None:
    whole, bare = (
        measure(Bench(Path("lapped"), "certified", False, without), {"": [clip]}, (1.0,))[1]
        for without in ((), ("thresholds", "refiner", "corrections"))
    )
    assert whole.waveform > bare.waveform
    assert bare.corrections == 0
