import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.rendering import Load, measure, write


def test_every_task_is_measured_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "music").mkdir()
    soundfile.write(tmp_path / "music/a.flac", rng.uniform(-0.5, 0.5, 30_000), 22_050)
    found = measure(str(tmp_path / "music"), tmp_path, Load(2, 1024, 3, 2))
    write(found, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == found
    assert found["peak_mb"] > 0
    rows = {row["what"]: row for row in found["rows"]}
    assert {"open the data", "first batch", "crops", "sound alone"} <= rows.keys()
    assert all(row["wall_s"] >= 0 for row in rows.values())
    assert all(name in capsys.readouterr().out for name in ["real time core"])
