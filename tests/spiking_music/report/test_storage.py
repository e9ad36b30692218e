import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.kinds import CODERS
from runtime.piece import Piece
from runtime.spk.container import write_spk
from runtime.spk.header import UNKNOWN, SpkHeader
from runtime.spk.writer import SpkWriter
from spiking_music.report.storage import rates, stored


@given(st.integers(1, 100), st.integers(0, 2000), st.floats(0, 1), st.integers(0, 99))
def test_the_bound_and_the_formula_stay_below_the_dense_matrix(
    units: int, samples: int, density: float, seed: int
) -> None:
    bits = np.random.default_rng(seed).random((units, -(-samples // 4))) < density
    piece = Piece(EventMatrix.from_bits(bits), samples, 8000, 4, 64, "FREE", "0" * 16)
    found = rates(piece)
    assert 0 <= found["bound_kbps"] <= found["dense_kbps"]
    # Each chunk may add 2 bits for the format and at most 14 for the count.
    most = found["dense_kbps"] + piece.count * 16e-3 * 8000 / max(samples, 1)
    assert 0 <= found["paper_kbps"] <= most * (1 + 1e-9)


@pytest.mark.parametrize("coder", CODERS)
def test_info_accounts_for_every_byte(toy_bundle: Bundle, tmp_path: Path, coder: str) -> None:
    events = EventMatrix.from_bits(np.random.default_rng(0).random((5, 21)) < 0.4)
    piece = replace(Codec(toy_bundle).piece(events, 512 * 20 + 7), texts={"title": "Air"})
    path = tmp_path / "x.spk"
    write_spk(path, piece, coder)
    found = stored(path)
    parts = ("header_bits", "framing_bits", "payload_bits", "tags_bits")
    assert found["bytes"] == path.stat().st_size
    assert sum(found[part] for part in parts) == 8 * found["bytes"]
    assert found["stored_kbps"] == pytest.approx(found["bytes"] * 8e-3 * 22_050 / piece.samples)
    assert found["events"] == events.count
    assert found["midi_like_kbps"] == pytest.approx(events.count * 32e-3 * 22_050 / piece.samples)
    for name, value in rates(piece).items():
        assert found[name] == pytest.approx(value)
    assert (found["title"], found["coder"], found["chunks"]) == ("Air", coder, 2)
    assert sum(found["forms"].values()) == 2
    assert found["least_mu"] is found["most_mu"] is found["decoder"] is None
    json.dumps(found)


def test_info_of_a_stream_knows_its_length_and_its_mus(tmp_path: Path) -> None:
    header = SpkHeader(8000, UNKNOWN, 3, 4, 8, "MU_SPARSE", "0" * 16, steps=7)
    path = tmp_path / "x.spk"
    with path.open("wb") as file:
        writer = SpkWriter(file, header)
        for mu in (9, 4, 12):
            writer.write(EventMatrix.from_bits(np.ones((3, 8), np.bool_)), mu)
        writer.close(93)
    found = stored(path)
    assert (found["samples"], found["frames"], found["events"]) == (93, 24, 72)
    assert (found["least_mu"], found["most_mu"], found["steps"]) == (4, 12, 7)
    assert found["seconds"] == 93 / 8000


def test_info_names_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "x.spk"
    path.write_bytes(b"no spk")
    with pytest.raises(FormatError, match=r"x\.spk: is not a"):
        stored(path)
