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
from runtime.spk.container import (
    FRAMING_BYTES,
    HEADER_BYTES,
    SpkHeader,
    read_damaged,
    read_spk,
    sizes,
    write_spk,
)
from runtime.spk.header import UNKNOWN
from runtime.spk.reader import SpkReader
from runtime.spk.writer import SpkWriter

GOLDEN = Path(__file__).parents[1] / "golden"
FEW = GOLDEN / "few-units.spk"
MODEL = "0123456789abcdef"
# The file of a test is written anew for each example.
anew = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def header(units: int, samples: int, hop: int = 8, chunk_frames: int = 16) -> SpkHeader:
    return SpkHeader(22050, samples, units, hop, chunk_frames, "FREE", MODEL)


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
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL).group(1), scope)
    return scope["read"]


READ = page_reader()


@anew
@given(recordings())
def test_what_is_written_is_read(tmp_path: Path, recording: tuple[SpkHeader, EventMatrix]) -> None:
    path = tmp_path / "a.spk"
    write_spk(path, *recording, overwrite=True)
    assert read_spk(path) == recording
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
    write_spk(path, head, events, overwrite=True)
    rate, chunks = READ(path.read_bytes())
    assert rate == head.sample_rate
    parts = [np.array(rows).reshape(head.units, -1) for _, rows in chunks]
    read = np.concatenate([np.zeros((head.units, 0)), *parts], axis=1)
    np.testing.assert_array_equal(read, events.bits)


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.spk")), ids=lambda path: path.stem)
def test_the_reader_of_the_page_reads_golden_files(golden: Path) -> None:
    _, chunks = READ(golden.read_bytes())
    with golden.open("rb") as file:
        expected = list(SpkReader(file))
    assert [mu for mu, _ in chunks] == [chunk.mu for chunk in expected]
    for (_, rows), chunk in zip(chunks, expected, strict=True):
        np.testing.assert_array_equal(rows, chunk.bits)


@anew
@given(recordings(), st.data())
def test_every_damaged_byte_is_found(
    tmp_path: Path, recording: tuple[SpkHeader, EventMatrix], data: st.DataObject
) -> None:
    path = tmp_path / "a.spk"
    write_spk(path, *recording, overwrite=True)
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
    write_spk(path, head, EventMatrix.from_bits(bits), texts={"title": "An hour"})
    parts = sizes(path)
    seconds = head.samples / head.sample_rate
    assert 8 * parts.total / seconds == pytest.approx(2000, rel=0.01)
    assert (parts.total - parts.payload) / parts.total < 0.015


def test_bytes_behind_the_end_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    path.write_bytes(FEW.read_bytes() + b"\0")
    with pytest.raises(FormatError, match="bytes follow"):
        sizes(path)


@anew
@given(recordings(), st.data())
def test_good_chunks_are_saved_from_a_damaged_file(
    tmp_path: Path, recording: tuple[SpkHeader, EventMatrix], data: st.DataObject
) -> None:
    head, events = recording
    path = tmp_path / "a.spk"
    write_spk(path, head, events, overwrite=True)
    whole = bytearray(path.read_bytes())
    place = data.draw(st.integers(HEADER_BYTES, len(whole)))
    whole[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=9))
    path.write_bytes(whole)
    try:
        assert read_spk(path) == recording
    except FormatError:
        read, saved, losses = read_damaged(path)
        assert losses
        assert read.samples == head.samples
        lost = [loss for loss in losses if loss.first is not None]
        for index in range(head.chunks):
            part = slice(index * head.chunk_frames, (index + 1) * head.chunk_frames)
            missing = any(loss.first <= index <= loss.last for loss in lost)
            due = np.zeros_like(events.bits[:, part]) if missing else events.bits[:, part]
            np.testing.assert_array_equal(saved.bits[:, part], due)


def test_the_length_of_a_stream_is_read_at_its_end(tmp_path: Path) -> None:
    path, bits = tmp_path / "a.spk", np.eye(20, dtype=np.bool_)
    head = header(20, UNKNOWN)
    with path.open("wb") as file:
        writer = SpkWriter(file, head)
        writer.write(bits[:, :16])
        writer.write(bits[:, 16:])
        writer.close(8 * 20 - 5)
    assert read_spk(path) == (replace(head, samples=8 * 20 - 5), EventMatrix.from_bits(bits))


def test_too_much_silence_is_refused(tmp_path: Path) -> None:
    path, bits = tmp_path / "a.spk", np.zeros((80, 16), np.bool_)
    with path.open("wb") as file:
        SpkWriter(file, header(80, 2**38)).write(bits)  # and no more of the 10^9 chunks
    with pytest.raises(FormatError, match="are lost, too many"):
        read_damaged(path)
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


def test_a_header_for_another_matrix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="2 x 13"):
        write_spk(
            tmp_path / "a.spk", header(2, 100), EventMatrix.from_bits(np.zeros((2, 12), np.bool_))
        )
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        write_spk(path, header(1, 0), EventMatrix.from_bits(np.zeros((1, 0), np.bool_)))
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["nowhere.spk", "."])
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        read_spk(tmp_path / name)
