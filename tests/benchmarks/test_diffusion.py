import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.diffusion import FREE, WITHOUT, measure, write
from runtime.errors import SpikingMusicError
from train.data.clips import Clip


@pytest.fixture(scope="module")
def clip() -> Clip:
    time = np.arange(32_768) / 22_050
    tones = [np.sin(2 * np.pi * 110 * k * time) * np.exp(-k * time % 0.5) for k in range(1, 9)]
    return Clip("tones", (0.05 * np.sum(tones, axis=0)).astype(np.float32))


def test_every_way_is_measured_and_a_quieter_sample_costs_less(
    clip: Clip, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ways = ["waveform", WITHOUT, "dpm_4", FREE, "-6 dB", "+1.5 dB"]
    found = measure(Path("lapped"), {"made up": [clip]}, [1.5], ways, visqol=False)
    rows = {row["way"]: row for row in found["rows"]}
    assert list(rows) == ways
    assert rows["waveform"]["si_snr"] > rows["-6 dB"]["si_snr"] > rows["+1.5 dB"]["si_snr"]
    assert rows["-6 dB"]["mel"] < rows["waveform"]["mel"]
    for summary in found["summary"]:
        row = rows[summary["way"]]
        assert summary["mel"] == summary["worst mel"] == row["mel"]
        assert summary["frechet"] > 0
    write(found, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == found
    assert "| made up | 1.5 | dpm_4 |" in capsys.readouterr().out


def test_an_unknown_way_is_refused(clip: Clip) -> None:
    with pytest.raises(SpikingMusicError, match="choose from"):
        measure(Path("lapped"), {"made up": [clip]}, ways=["louder"], visqol=False)


def test_the_ways_of_another_kind_are_its_own(clip: Clip) -> None:
    found = measure(Path("spectral"), {"made up": [clip]}, ways=["fast", "ddim_4"], visqol=False)
    assert [row["way"] for row in found["rows"]] == ["fast", "ddim_4"]
    assert {round(row["kbps"], 2) for row in found["rows"]} == {3.45}
    with pytest.raises(SpikingMusicError, match="choose from fast"):
        measure(Path("spectral"), {"made up": [clip]}, ways=["waveform"], visqol=False)
    with pytest.raises(SpikingMusicError, match="rates: spectral codes as it does"):
        measure(Path("spectral"), {"made up": [clip]}, [1.5], visqol=False)
