import json
from pathlib import Path

import pytest

from benchmarks.trade import MEASURES, compared_points, draw, lapped_points
from runtime.errors import SpikingMusicError


def row(wish: str, kbps: float, visqol: float | None = 4.0) -> dict[str, str | float | None]:
    figures = {"listening": 9.0, "mel": 0.5, "visqol": visqol, "note_f1": 0.7}
    return {"set": "real", "wish": wish, "file": kbps, **figures}


def test_means_over_clips_are_drawn(tmp_path: Path) -> None:
    rows = tmp_path / "lapped.json"
    rows.write_text(json.dumps([row("9 dB", 0.7), row("1.5 kbit/s", 1.5), row("1.5 kbit/s", 1.7)]))
    (ours,) = lapped_points(rows)
    assert ours.kbps == pytest.approx(1.6)
    table = tmp_path / "clips.csv"
    lines = [f"set,system,stored_kbps,paper_kbps,{','.join(MEASURES)}"]
    lines += [f"real,{name},7,,10,0.4,4.5,0.8" for name in ("Opus 6", "RVQ", "MU_SPARSE mu=8")]
    lines += [
        "real,FREE,,3.4,5,0.4,4.5,",
        "real,FREE,,3.4,5,0.4,4.5,0.6",
        "real,original,,,100,0,4.7,1",
    ]
    table.write_text("\n".join(lines))
    others = compared_points(table)
    assert [point.system for point in others] == ["Opus 6", "RVQ", "MU_SPARSE mu=8", "FREE"]
    draw([ours, *others], tmp_path / "trade.png")
    assert (tmp_path / "trade.png").stat().st_size > 1000


def test_rows_that_were_not_judged_are_refused(tmp_path: Path) -> None:
    rows = tmp_path / "lapped.json"
    rows.write_text(json.dumps([row("1.5 kbit/s", 1.5, None)]))
    with pytest.raises(SpikingMusicError, match="--judged"):
        lapped_points(rows)
