import json
from pathlib import Path

import pytest

from benchmarks.scaling import Load, measure, write
from runtime.bundle import Bundle


def test_every_cost_is_of_all_the_sound(
    toy_bundle: Bundle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # which the benchmark sets
    figures = measure([], toy_bundle.path, Load(files=2, minutes=0.02, rounds=1))
    write(figures, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == figures
    rows = figures["rows"]
    found = {(row["work"], row["workers"]): row for row in rows}
    for work in ("encode", "keep"):
        for workers in (1, 2):
            row = found[work, workers]
            assert row["sound_s"] == 2
            assert row["core_s_an_hour"] > 0
            assert row["kbit_s"] == found["encode", 1]["kbit_s"]
    assert {"encoder alone", "fast decoder"} <= {row["work"] for row in rows}
