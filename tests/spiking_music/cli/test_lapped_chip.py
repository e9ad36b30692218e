"""The verbs of chips with the bundle `lapped`."""

import json

import numpy as np
import pytest
import soundfile

from runtime.lapped import chip


@pytest.fixture
def tone(tmp_path):
    path = tmp_path / "tone.wav"
    soundfile.write(path, np.sin(np.arange(9000) / 20) / 4, 22050)
    return path


def test_simulate_finds_no_wrong_bit(cli, tone) -> None:
    words = ("--bundle", "lapped", "--backend", "integer", "--json")
    code, shown, _ = cli("simulate", tone, *words)
    assert code == 0
    assert json.loads(shown)["integer"] == 0
    assert json.loads(shown)["compared"] > 0


def test_fit_names_the_chips_and_what_loihi_1_lacks(cli) -> None:
    code, shown, _ = cli("fit", "lapped", "--chip", "loihi2", "--json")
    assert code == 0
    assert json.loads(shown)["chips"] == 3
    code, shown, _ = cli("fit", "lapped", "--chip", "loihi1", "--json")
    assert code == 1
    assert "payload_bits 24 > 1" in json.loads(shown)["misfit"]


def test_energy_refuses_deltas_of_levels(cli, tone) -> None:
    code, _, errors = cli("energy", tone, "--bundle", "lapped", "--delta", "2")
    assert code != 0
    assert "--delta" in errors


def test_export_writes_the_forms_and_never_over_another_file(cli, tmp_path, monkeypatch) -> None:
    small = chip.Units(np.full((1, 8), 60, np.int32), 16)
    monkeypatch.setattr("export.lapped_forms.lapped_units", lambda bundle: small)
    code, shown, _ = cli("export", "lapped", tmp_path / "forms")
    assert code == 0
    assert "bottleneck.lif.nir" in shown
    code, _, errors = cli("export", "lapped", tmp_path / "forms")
    assert code != 0
    assert "bottleneck.nir" in errors
    code, _, errors = cli("export", "small", tmp_path / "other")
    assert code != 0
    assert "copy them" in errors
