import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.bundle import Bundle
from runtime.costs import event_rates
from runtime.errors import MissingPackageError, OutputError
from runtime.events import EventMatrix
from spiking_music.evaluation import tables
from spiking_music.evaluation.evaluate import Evaluation, Row, bounded_decibels, evaluate
from spiking_music.evaluation.systems import Decoded, System, baseline_systems, bundle_systems
from train.data.clips import Clip
from train.data.notes import Notes


@pytest.fixture(autouse=True)
def no_visqol(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes seconds a clip; `test_visqol.py` is its own test."""

    def missing() -> None:
        raise MissingPackageError("visqol-python is not installed")

    monkeypatch.setattr("spiking_music.evaluation.evaluate.load_visqol", missing)


def clip(name: str, seed: int = 0, samples: int = 9000) -> Clip:
    sound = np.random.default_rng(seed).normal(0, 0.1, samples).astype(np.float32)
    return Clip(name, sound)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_decibels_are_always_fit_for_json(value: float) -> None:
    bounded = bounded_decibels(value)
    assert (bounded is None) == math.isnan(value)
    assert bounded is None or -100 <= bounded <= 100


@given(st.integers(1, 8), st.integers(1, 40), st.integers(0, 99))
def test_no_code_of_the_paper_is_below_the_bound(units: int, frames: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    bits = rng.random((units, frames)) < rng.random()
    rates = event_rates(EventMatrix.from_bits(bits), 2.0)
    assert rates["bound_kbps"] <= rates["paper_kbps"] + 1e-9
    assert rates["events_per_second"] == bits.sum() / 2
    assert rates["density"] == bits.mean()


def test_systems_are_measured_on_every_clip(toy_bundle: Bundle) -> None:
    sets = {"one": [clip("a"), clip("b", 1)], "other": [clip("a", 2)]}
    systems = bundle_systems(toy_bundle) + baseline_systems()
    heard: list[float] = []
    found = evaluate(systems, sets, heard.append)
    assert [(row.set, row.clip, row.system) for row in found.rows] == [
        (name, clip.name, system.name)
        for name, clips in sets.items()
        for clip in clips
        for system in systems
    ]
    assert heard == sorted(heard)
    assert heard[-1] == 1
    assert set(found.unavailable) == {"visqol"}
    by_name = {row.system: row for row in found.rows[: len(systems)]}
    exact = by_name["original"]
    assert (exact.si_snr_db, exact.mel_distance, exact.stft_distance) == (100, 0, 0)
    assert exact.stored_kbps is None
    assert (by_name["FLAC"].si_snr_db or 0) > 60
    coded = by_name["toy fast"]
    assert coded.stored_kbps is not None
    assert coded.bound_kbps is not None
    assert coded.stored_kbps > coded.bound_kbps
    dull, duller = by_name["low-pass 7.0 kHz"], by_name["low-pass 3.5 kHz"]
    assert 0 < dull.mel_distance < duller.mel_distance
    assert (by_name["distorted"].si_snr_db or 100) < (duller.si_snr_db or 0)


def test_pathological_clips_leave_no_nan(tmp_path: Path) -> None:
    silence = Clip("silence", np.zeros(9000, np.float32))
    constant = Clip("constant", np.full(9000, 0.5, np.float32))
    systems = [
        System("original", Decoded),
        System("silent", lambda samples: Decoded(0 * samples)),
        System("noise", lambda samples: Decoded(clip("x", 5).samples, stored_bits=80)),
    ]
    found = evaluate(systems, {"bad": [silence, constant, clip("a")]})
    tables.write(found, tmp_path)
    read = json.loads((tmp_path / "evaluation.json").read_text())
    assert read["sets"]["bad"]["noise"]["stored_kbps"]["clips"] == 3
    assert read["sets"]["bad"]["silent"]["si_snr_db"]["mean"] == -100
    assert "nan" not in (tmp_path / "evaluation.csv").read_text()


def test_what_a_recording_cannot_hold_is_not_compared() -> None:
    narrow = Clip("narrow", clip("a").samples, bandwidth=4000)
    wide = Clip("wide", narrow.samples)
    hiss = System("hiss", lambda samples: Decoded(samples + _above_five_kilohertz(len(samples))))
    rows = evaluate([hiss], {"set": [narrow, wide]}).rows
    assert (rows[0].si_snr_db or 0) > 40 > 20 > (rows[1].si_snr_db or 99)


def _above_five_kilohertz(samples: int) -> np.ndarray:
    return (0.05 * np.sin(2 * np.pi * 6000 * np.arange(samples) / 22_050)).astype(np.float32)


def test_notes_played_are_a_reference_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def transcribe(samples: np.ndarray) -> Notes:
        onset = np.array([0.01, 0.2, 0.3])
        return Notes(onset, np.array([60, 62, 64 if samples.any() else 65]))

    monkeypatch.setattr("spiking_music.evaluation.evaluate.load_transcriber", lambda: transcribe)
    played = Notes(np.array([0.02, 0.2]), np.array([70, 62]))
    known = Clip("known", clip("a").samples, notes=played)
    silent = System("silent", lambda samples: Decoded(0 * samples))
    row, other = evaluate([silent], {"set": [known, clip("b")]}).rows
    # Onsets in the first 0.1 s are those of the cut and count on no side.
    assert row.note_f1 == pytest.approx(0.5)
    assert row.reference_f1 == pytest.approx(2 / 3)
    assert other.reference_f1 is None


def test_a_system_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="short gives"):
        evaluate([System("short", lambda samples: Decoded(samples[1:]))], {"set": [clip("a")]})


EXAMPLE = Evaluation(
    (
        Row("real", "a", "ours", 5.0, 0.4, 0.8, note_f1=0.5, stored_kbps=3.5, density=0.25),
        Row("real", "b", "ours", 7.0, 0.6, 1.0, stored_kbps=3.5, density=0.25),
        Row("other", "a", "ours", None, 0.6, 1.0),
    ),
    {"visqol": "is missing"},
)


def test_tables_hold_the_rows_their_means_and_what_is_missing(tmp_path: Path) -> None:
    tables.write(EXAMPLE, tmp_path / "out", skipped=["c.wav: is empty"])
    text = (tmp_path / "out" / "evaluation.md").read_text()
    assert "## real: 2 clips" in text
    assert "## other: 1 clip" in text
    assert "| 6.00 ± 1.00 [5.00, 7.00] |" in text
    assert "visqol: is missing" in text
    assert "c.wav: is empty" in text
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out" / "evaluation.csv").read_text())))
    assert [row["si_snr_db"] for row in rows] == ["5.0", "7.0", ""]
    read = json.loads((tmp_path / "out" / "evaluation.json").read_text())
    assert read["sets"]["real"]["ours"]["note_f1"]["clips"] == 1
    assert read["sets"]["other"]["ours"]["si_snr_db"] is None
    assert read["skipped"] == ["c.wav: is empty"]


def test_an_existing_table_stays_unless_it_may_go(tmp_path: Path) -> None:
    (tmp_path / "evaluation.csv").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        tables.write(EXAMPLE, tmp_path)
    assert (tmp_path / "evaluation.csv").read_text() == "mine"
    tables.write(EXAMPLE, tmp_path, overwrite=True)
    assert (tmp_path / "evaluation.csv").read_text() != "mine"


def test_nothing_here_needs_torch() -> None:
    import subprocess
    import sys

    code = "import sys, spiking_music.evaluation.tables, spiking_music.evaluation.systems as s\n"
    code += "assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
