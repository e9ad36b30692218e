import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.turns import measure, write
from runtime.bundle import SHIPPED, Bundle, open_bundle
from runtime.errors import SpikingMusicError
from train.data.clips import Clip


def test_turned_entries_bring_the_sound_closer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    times = np.arange(16 * 512) / 22_050
    clip = Clip("tones", (0.1 * np.sin(2 * np.pi * 220 * times)).astype(np.float32))
    rows = measure(open_bundle(SHIPPED / "spectral"), {"made up": [clip]}, 2, lambda _: None)
    assert [row["round"] for row in rows] == [0, 1, 2]
    assert rows[0]["turned"] == 0 < rows[1]["turned"] <= 1
    assert rows[0]["si_snr"] < rows[1]["si_snr"] <= rows[2]["si_snr"]
    write(rows, tmp_path / "rows.json")
    assert json.loads((tmp_path / "rows.json").read_text()) == rows
    assert "made up" in capsys.readouterr().out


def test_another_kind_is_refused(mu_bundle: Bundle) -> None:
    with pytest.raises(SpikingMusicError, match="MU_SPARSE"):
        measure(mu_bundle, {}, 1, lambda _: None)
