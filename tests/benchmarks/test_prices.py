import json

import pytest

from benchmarks.prices import SESSIONS, measure, write


def test_the_file_of_loihi_2_holds_what_was_derived() -> None:
    found = measure()
    for name, derived in found["derived"].items():
        assert found["file"][name] == pytest.approx(derived, rel=0.08), name


def test_pilotnet_is_predicted_within_a_factor_of_two() -> None:
    checks = {row["network"]: row["predicted"] / row["measured"] for row in measure()["checks"]}
    for session in SESSIONS:
        assert 0.5 < checks[f"PilotNet, {session.date}"] < 2
    assert len(checks) == 7


def test_the_derivation_is_shown_and_kept(tmp_path, capsys) -> None:
    found = measure()
    write(found, tmp_path / "prices.json")
    shown = capsys.readouterr().out
    assert "No third network" in shown
    assert "2022-10-25 76c8fbb" in shown
    assert json.loads((tmp_path / "prices.json").read_text())["checks"] == found["checks"]
