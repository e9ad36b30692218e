import io
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import FormatError, OutputError
from runtime.events import EventMatrix
from runtime.kinds import CODERS
from runtime.piece import Piece
from runtime.playback import Playback
from runtime.spk.chunks import FRAMING_BYTES
from runtime.spk.container import packed, read_spk, sizes, unpacked, write_spk
from runtime.spk.header import HEADER_BYTES, UNKNOWN, SpkHeader
from runtime.spk.reader import SpkReader
from runtime.spk.salvage import Salvage, filled
from runtime.spk.writer import SpkWriter

GOLDEN = Path(__file__).parents[1] / "golden"
FEW = GOLDEN / "few-units.spk"
MODEL = "0123456789abcdef"
# The file of a test is written anew for each example.
anew = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def header(units: int, samples: int, hop: int = 8, chunk_frames: int = 16) -> SpkHeader:
    return SpkHeader(22050, samples, units, hop, chunk_frames, "FREE", MODEL)


def write(path: Path, header: SpkHeader, events: EventMatrix, **texts: str) -> None:
    with path.open("wb") as file:
        writer = SpkWriter(file, header, texts)
        for start in range(0, events.frames, header.chunk_frames):
            writer.write(events.part(start, start + header.chunk_frames))
        writer.close()


def read(path: Path) -> tuple[SpkHeader, EventMatrix]:
    with path.open("rb") as file:
        reader = SpkReader(file)
        parts = [chunk.events for chunk in reader]
        header = replace(reader.header, samples=reader.samples)
        return header, EventMatrix.joined(parts, header.units)


@st.composite
def pieces(draw: st.DrawFn) -> Piece:
    head, events = draw(recordings())
    kind = draw(st.sampled_from(["SPARSE", "MU_SPARSE"]))
    mus = st.lists(st.integers(0, 31), min_size=head.chunks, max_size=head.chunks)
    return Piece(
        events,
        head.samples,
        head.sample_rate,
        head.hop,
        head.chunk_frames,
        kind,
        MODEL,
        tuple(draw(mus)) if kind == "MU_SPARSE" else (),
        Playback(draw(st.sampled_from([None, "fast"])), None, draw(st.sampled_from([None, 7]))),
        draw(st.dictionaries(st.sampled_from(["title", "source"]), st.text("aé ", max_size=9))),
    )


@st.composite
def recordings(draw: st.DrawFn) -> tuple[SpkHeader, EventMatrix]:
    head = header(
        draw(st.integers(1, 9)),
        draw(st.integers(0, 400)),
        draw(st.integers(1, 20)),
        draw(st.integers(1, 30)),
    )
    head = replace(head, coder=draw(st.sampled_from(CODERS)), ended=draw(st.booleans()))
    density = draw(st.sampled_from([0.0, 0.02, 0.2, 0.5, 1.0]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    return head, EventMatrix.from_bits(random.random((head.units, head.frames)) < density)


def page_reader():
    """The reader that the page of the format shows."""
    page = (Path(__file__).parents[3] / "docs" / "spk-format.md").read_text()
    scope: dict = {}
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL).group(1), scope)  # of version 1
    return scope["read"]


READ = page_reader()


@anew
@given(recordings())
def test_what_is_written_is_read(tmp_path: Path, recording: tuple[SpkHeader, EventMatrix]) -> None:
    path = tmp_path / "a.spk"
    write(path, *recording)
    assert read(path) == recording
    parts = sizes(path)
    assert parts.total == path.stat().st_size
    assert (parts.header, parts.framing) == (HEADER_BYTES, FRAMING_BYTES * recording[0].chunks)
    assert parts.tags >= 41 * recording[0].ended


@anew
@given(recordings())
def test_the_reader_of_the_page_agrees(
    tmp_path: Path, recording: tuple[SpkHeader, EventMatrix]
) -> None:
    head, events = recording
    path = tmp_path / "a.spk"
    write(path, head, events)
    rate, chunks = READ(path.read_bytes())
    assert rate == head.sample_rate
    parts = [np.array(rows).reshape(head.units, -1) for _, rows in chunks]
    found = np.concatenate([np.zeros((head.units, 0)), *parts], axis=1)
    np.testing.assert_array_equal(found, events.bits)


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.spk")), ids=lambda path: path.stem)
def test_the_reader_of_the_page_reads_golden_files(golden: Path) -> None:
    _, chunks = READ(golden.read_bytes())
    with golden.open("rb") as file:
        expected = list(SpkReader(file))
    assert [mu for mu, _ in chunks] == [chunk.mu for chunk in expected]
    for (_, rows), chunk in zip(chunks, expected, strict=True):
        np.testing.assert_array_equal(rows, chunk.events.bits)


@anew
@given(recordings(), st.data())
def test_every_damaged_byte_is_found(
    tmp_path: Path, recording: tuple[SpkHeader, EventMatrix], data: st.DataObject
) -> None:
    path = tmp_path / "a.spk"
    write(path, *recording)
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    with pytest.raises(FormatError, match=r"a\.spk: "):
        read_spk(path)


def test_every_byte_of_one_file_is_watched(tmp_path: Path) -> None:
    whole = FEW.read_bytes()
    path = tmp_path / "a.spk"
    for place in range(len(whole)):
        for flip in (1, 0x80, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            with pytest.raises(FormatError):
                read_spk(path)


def test_every_cut_is_found(tmp_path: Path) -> None:
    whole = FEW.read_bytes()
    path = tmp_path / "a.spk"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            read_spk(path)


def test_at_2_kbit_s_what_is_not_payload_takes_a_hundredth_and_a_half(tmp_path: Path) -> None:
    """An hour of chunks of 256 frames of 80 units, 1490 bytes each in the form `time`."""
    path, chunks = tmp_path / "a.spk", 606
    head = SpkHeader(22050, chunks * 256 * 512, 80, 512, 256, "SPARSE", MODEL, coder="paper")
    bits = np.zeros((80, 256 * chunks), np.bool_)
    for index in range(chunks):
        bits[:, 256 * index : 256 * index + 17] = True
    write(path, head, EventMatrix.from_bits(bits), title="An hour")
    parts = sizes(path)
    seconds = head.samples / head.sample_rate
    assert 8 * parts.total / seconds == pytest.approx(2000, rel=0.01)
    assert (parts.total - parts.payload) / parts.total < 0.015


def test_bytes_behind_the_end_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    path.write_bytes(FEW.read_bytes() + b"\0")
    with pytest.raises(FormatError, match="followed by more bytes"):
        sizes(path)


@anew
@given(recordings(), st.data())
def test_good_chunks_are_saved_from_a_damaged_file(
    tmp_path: Path, recording: tuple[SpkHeader, EventMatrix], data: st.DataObject
) -> None:
    head, events = recording
    path = tmp_path / "a.spk"
    write(path, head, events)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(HEADER_BYTES, len(whole)))
    whole[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=9))
    path.write_bytes(whole)
    try:
        assert read(path) == recording
    except FormatError:
        salvage = Salvage(io.BytesIO(whole))
        saved = EventMatrix.joined([chunk.events for chunk in filled(salvage)], head.units)
        assert salvage.losses
        assert salvage.samples == head.samples
        lost = [loss for loss in salvage.losses if loss.first is not None]
        for index in range(head.chunks):
            part = (index * head.chunk_frames, (index + 1) * head.chunk_frames)
            missing = any(loss.first <= index <= loss.last for loss in lost)
            due = events.part(*part)
            assert saved.part(*part) == (due.silent(due.units, due.frames) if missing else due)


def test_the_length_of_a_stream_is_read_at_its_end(tmp_path: Path) -> None:
    path, events = tmp_path / "a.spk", EventMatrix.from_bits(np.eye(20, dtype=np.bool_))
    head = header(20, UNKNOWN)
    with path.open("wb") as file:
        writer = SpkWriter(file, head)
        writer.write(events.part(0, 16))
        writer.write(events.part(16, 20))
        writer.close(8 * 20 - 5)
    assert read(path) == (replace(head, samples=8 * 20 - 5), events)
    assert read_spk(path).samples == 8 * 20 - 5


def test_too_much_silence_is_refused(tmp_path: Path) -> None:
    path, events = tmp_path / "a.spk", EventMatrix.silent(80, 16)
    with path.open("wb") as file:
        SpkWriter(file, header(80, 2**38)).write(events)  # and no more of the 10^9 chunks
    with pytest.raises(FormatError, match="seconds are lost"), path.open("rb") as damaged:
        list(filled(Salvage(damaged)))
    with pytest.raises(FormatError, match="chunk 1 of"):
        read_spk(path)


@given(content=st.binary(max_size=300))
@anew
def test_any_bytes_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.spk"
    for start in (b"", b"\x89SPK\x01", FEW.read_bytes()[:HEADER_BYTES]):
        path.write_bytes(start + content)
        with pytest.raises(FormatError) as caught:
            read_spk(path)
        assert "\n" not in str(caught.value)


@anew
@given(pieces(), st.sampled_from(CODERS))
def test_a_piece_comes_back_with_all_that_belongs_to_it(
    tmp_path: Path, piece: Piece, coder: str
) -> None:
    path = tmp_path / "a.spk"
    write_spk(path, piece, coder, overwrite=True)
    assert read_spk(path) == piece == unpacked(io.BytesIO(packed(piece, coder)))
    assert len(packed(piece, coder)) == path.stat().st_size


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        write_spk(path, Piece(EventMatrix.silent(1, 0), 0, 22050, 8, 16, "FREE", MODEL))
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["nowhere.spk", "."])
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        read_spk(tmp_path / name)
