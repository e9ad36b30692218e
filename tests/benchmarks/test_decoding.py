import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.decoding import measure, write
from export.quality import STEPS
from runtime.bundle import Bundle
from train.data.clips import Clip


def test_every_way_is_measured_and_the_knee_is_named(
    toy_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    told: list[float] = []
    found = measure(toy_bundle.path, {"noise": [Clip("noise", sound)]}, told.append)
    write(found, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == found
    assert told[-1] == 1.0
    rows = [(row["decoder"], row["sampler"], row["steps"]) for row in found["rows"]]
    assert rows[0] == ("fast", None, None)
    for name, counts in STEPS.items():
        assert [steps for _, sampler, steps in rows if sampler == name] == list(counts)
    assert all(0 <= row["note_f1"] <= 1 and row["times_real_time"] > 0 for row in found["rows"])
    assert f"the knee is {found['knee']}" in capsys.readouterr().out
