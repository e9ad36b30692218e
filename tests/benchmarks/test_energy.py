import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from benchmarks.energy import THRESHOLDS, measure, write
from runtime.bundle import Bundle


def test_codes_and_deltas_are_priced(
    spiking_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soundfile.write(tmp_path / "x.wav", np.random.default_rng(0).normal(0, 0.1, 9000), 22_050)
    found = measure([spiking_bundle.path], [tmp_path / "x.wav"], [8], lambda share: None)
    (code,) = found["codes"]
    assert code["code"] == "FREE"
    assert 0 < code["spiking_share"] < 1
    chips = code["chips"]
    assert 0 < chips["loihi1"]["operations_j"] < chips["loihi1"]["real_time_j"]
    assert set(chips["akida"]) == {"refused"}
    assert chips["spinnaker2"]["refused"] == "unpriced: static"
    assert chips["spinnaker2"]["operations_j"] > 0
    assert chips["loihi2"]["full_speed_j"] < chips["loihi2"]["real_time_j"]
    none, exact, *lossy = found["sigma_delta"]
    assert (none["threshold"], exact["threshold"]) == ("none", "0")
    assert none["wrong_share"] == exact["wrong_share"] == 0
    assert len(lossy) == len(THRESHOLDS) - 1
    assert lossy[-1]["events_a_latent"] <= exact["events_a_latent"]
    write(found, tmp_path / "energy.json")
    assert json.loads((tmp_path / "energy.json").read_text()) == found
    shown = capsys.readouterr().out
    assert "unpriced: static" in shown
    assert "threshold" in shown
