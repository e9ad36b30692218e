import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from benchmarks import coding, rivals
from benchmarks.coding import encoded, load, made_up, measure, methods
from runtime.bundle import Bundle
from runtime.errors import SpikingMusicError
from runtime.events import EventMatrix
from runtime.piece import Piece
from runtime.spk.container import write_spk
from train.data.clips import Clip

matrices = hnp.arrays(
    np.bool_,
    st.tuples(st.integers(1, 12), st.integers(1, 60)),
    elements=st.booleans(),
    fill=st.booleans(),
)


@pytest.mark.parametrize("name", list(rivals.RIVALS))
@given(bits=matrices)
def test_rivals_give_every_matrix_back(name: str, bits: np.ndarray) -> None:
    encode, decode = rivals.RIVALS[name]()
    found = decode(encode(bits), *bits.shape, int(bits.sum()))
    np.testing.assert_array_equal(found, bits)


@given(bits=matrices)
def test_every_method_gives_every_matrix_back(bits: np.ndarray) -> None:
    for method in methods():
        found = method.decode(method.encode(bits), *bits.shape, int(bits.sum()))
        np.testing.assert_array_equal(found, bits)


def test_the_table_has_a_row_for_every_method() -> None:
    rows = measure([made_up(20, 256)], 64)["rows"]
    names = [row["coder"] for row in rows]
    assert names[2:] == [method.name for method in methods()]
    sizes = {row["coder"]: row["bits_an_event"] for row in rows}
    assert sizes["adaptive, Python"] < sizes["log2 C(NT, S)"] < sizes["rice"] < sizes["paper"]
    assert {tuple(row) for row in rows} == {tuple(rows[0])}


def test_events_are_loaded_from_arrays_and_files(tmp_path: Path) -> None:
    bits = made_up(5, 40)
    np.savez(tmp_path / "a.npz", one=bits, two=~bits)
    piece = Piece(EventMatrix.from_bits(bits), 160, 8000, 4, 8, "FREE", "0" * 16)
    write_spk(tmp_path / "b.spk", piece)
    (tmp_path / "c.txt").write_text("nothing")
    found = list(load(tmp_path, None))
    assert [int(matrix.sum()) for matrix in found] == [bits.sum(), (~bits).sum(), bits.sum()]


def test_recordings_are_encoded(tmp_path: Path) -> None:
    from spiking_music.report.demo import default_clip

    (bits,) = load(default_clip(), None)
    assert bits.shape[0] == 80


def test_clips_are_encoded_at_a_mu(mu_bundle: Bundle) -> None:
    clip = Clip("noise", np.random.default_rng(0).normal(0, 0.2, 9000).astype(np.float32))
    (many,), (few,) = (encoded([clip], mu_bundle.path, mu) for mu in (0, 31))
    assert many.shape == few.shape == (5, 18)
    assert many.sum() > few.sum()


def test_nothing_to_code_is_said() -> None:
    with pytest.raises(SpikingMusicError, match="no events"):
        measure([np.zeros((5, 0), np.bool_)], 64)


def test_a_coder_that_is_not_installed_has_no_row(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    assert "zstd 19" not in [method.name for method in methods()]
    assert "zstandard is not installed; no row of zstd 19" in capsys.readouterr().err


def test_a_coder_that_loses_events_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful() -> tuple[object, object]:
        return lambda bits: b"", lambda data, units, frames, events: np.zeros((units, frames))

    monkeypatch.setattr(coding, "RIVALS", {"forgetful": forgetful})
    with pytest.raises(SpikingMusicError, match="forgetful: decodes to other"):
        measure([made_up()], 256)


def test_the_commands_are_there() -> None:
    app = importlib.import_module("benchmarks.__main__").app
    names = {command.callback.__name__ for command in app.registered_commands}
    assert {"coding", "fuzz"} <= names
