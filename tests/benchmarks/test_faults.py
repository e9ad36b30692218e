import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import faults
from runtime.bundle import Bundle


@given(count=st.integers(0, 40), seed=st.integers(0, 99))
def test_as_many_bits_differ_as_are_flipped(count: int, seed: int) -> None:
    bits = np.random.default_rng(seed).random((4, 8)) < 0.4
    damaged = faults.flipped(bits, count, np.random.default_rng(seed))
    assert (damaged != bits).sum() == min(count, 32)


@given(units=st.integers(1, 90), cores=st.integers(1, 20))
def test_cores_hold_every_unit_once(units: int, cores: int) -> None:
    held = [unit for index in range(cores) for unit in faults.core(units, cores, index)]
    assert held == list(range(units))


def test_lost_units_are_silent_and_no_other() -> None:
    bits = np.ones((4, 3), np.bool_)
    assert faults.without_units(bits, [1, 3]).sum(axis=1).tolist() == [3, 0, 3, 0]


def test_damage_is_measured_and_drawn(
    spiking_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faults, "FLIPS", (0, 2, 30))
    monkeypatch.setattr(faults, "CORES", (2, 5))
    monkeypatch.setattr(faults, "CLIP", 5 * 512)
    sound = np.random.default_rng(0).normal(0, 0.1, 9000)
    soundfile.write(tmp_path / "x.wav", sound, 22_050)
    shares: list[float] = []
    found = faults.measure(spiking_bundle, [tmp_path / "x.wav"], 2, 0, shares.append)
    assert shares[-1] == 1
    rows = {row["damage"]: row for row in found["rows"]}
    assert list(rows)[:3] == ["flip 0", "flip 2", "flip 30"]
    assert rows["flip 0"]["lost_db"] == 0
    assert len(found["units_db"]) == 5
    # A core of five holds one unit of five.
    assert rows["lose a core of 5"]["lost_db"] == rows["lose a unit"]["lost_db"]
    faults.write(found, tmp_path / "out")
    assert json.loads((tmp_path / "out" / "faults.json").read_text()) == found
    for kind, start in (("png", b"\x89PNG"), ("svg", b"<?xml")):
        assert (tmp_path / "out" / f"faults.{kind}").read_bytes().startswith(start)
