import json
from pathlib import Path

import pytest

from benchmarks.curves import as_table, draw, read_curve
from runtime.errors import SpikingMusicError


def run(folder: Path, seconds: float | None) -> Path:
    """A run of 500 steps with validations after each 250."""
    rows = []
    for step in range(500):
        row = {"stage": "codes", "step": step, "loss": 1.0}
        if seconds is not None:
            row["core_seconds"] = seconds
        if (step + 1) % 250 == 0:
            row |= {"valid_si_snr_db": step / 100, "valid_mel": 0.5}
        rows.append(json.dumps(row))
    folder.mkdir()
    (folder / "log.jsonl").write_text("\n".join(rows))
    return folder


def test_validations_stand_at_the_time_that_all_steps_before_took(tmp_path: Path) -> None:
    slow = read_curve("slow", run(tmp_path / "slow", 1.2))
    fast = read_curve("fast", run(tmp_path / "fast", 0.3))
    assert slow.minutes == pytest.approx([5, 10])
    assert fast.minutes == pytest.approx([1.25, 2.5])
    assert slow.steps.tolist() == [250, 500]
    assert "fast  2.5  500  4.99  0.500" in as_table([slow, fast])
    draw([slow, fast], tmp_path / "curves", "command", overwrite=False)
    assert (tmp_path / "curves.svg").stat().st_size > 1000
    assert (tmp_path / "curves.txt").read_text().endswith("command\n")


def test_runs_without_times_and_folders_without_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SpikingMusicError, match="core_seconds"):
        read_curve("old", run(tmp_path / "old", None))
    (tmp_path / "short").mkdir()
    (tmp_path / "short" / "log.jsonl").write_text("not a line\n")
    with pytest.raises(SpikingMusicError, match="no validation"):
        read_curve("short", tmp_path / "short")
    with pytest.raises(SpikingMusicError, match="folder of a run"):
        read_curve("none", tmp_path)
