import json

import pytest

from benchmarks import executors
from runtime.errors import SpikingMusicError

OURS = ["integer network", "NIR graph, float64"]


def test_rows_are_of_those_asked_for_and_are_written(spiking_bundle, tmp_path, capsys):
    found = executors.measure(spiking_bundle.path, 20, OURS)
    assert [row["executor"] for row in found["rows"]] == OURS
    assert {row["wrong_bits"] for row in found["rows"]} == {0}
    assert {row["times_faster"] for row in found["rows"]} == {None}  # Lava did not run
    executors.write(found, tmp_path / "x.json")
    assert json.loads((tmp_path / "x.json").read_text()) == found
    assert "integer network" in capsys.readouterr().out


def test_an_executor_that_is_wrong_is_refused(spiking_bundle, monkeypatch):
    monkeypatch.setattr(executors, "spikes", lambda opened, x, backend: x.T[:5] > 1000)
    with pytest.raises(SpikingMusicError, match=r"NIR graph, float64: .* bits are wrong"):
        executors.measure(spiking_bundle.path, 20, OURS)
