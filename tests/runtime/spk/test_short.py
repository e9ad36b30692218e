"""Version 2 of the format."""

import io
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.coders.lapped.coder import Shape, decode
from runtime.coders.lapped.tables import fresh_tables
from runtime.errors import FormatError
from runtime.piece import Chunk
from runtime.playback import Playback
from runtime.spk.header import UNKNOWN, SpkHeader
from runtime.spk.parts import pack_header, read_header
from runtime.spk.reader import SpkReader
from runtime.spk.salvage import Salvage, filled
from runtime.spk.seek import place_of
from runtime.spk.short import check, number, read_number
from runtime.spk.verify import verify
from runtime.spk.writer import SpkWriter
from runtime.thermometer import events_of, levels_of

TABLES = fresh_tables()
HOP, BINS, CHUNK = 16, 32, 32
HEADER = SpkHeader(
    sample_rate=8000,
    samples=HOP * CHUNK * 20 - 3,
    units=2 * 64 * BINS,
    hop=HOP,
    chunk_frames=CHUNK,
    kind="LAPPED",
    model="0123456789abcdef",
    coder="lapped",
    tables=TABLES.hash,
    bands=5,
)

headers = st.builds(
    SpkHeader,
    sample_rate=st.integers(1, 1_000_000),
    samples=st.integers(UNKNOWN, 2**40),
    units=st.integers(1, 256).map(lambda blocks: 2 * 64 * 8 * blocks),
    hop=st.integers(1000, 65_535),
    chunk_frames=st.integers(100, 128),
    kind=st.just("LAPPED"),
    model=st.binary(min_size=3, max_size=3).map(bytes.hex),
    coder=st.just("lapped"),
    decoder=st.sampled_from(["", "listening", "waveform"]),
    seed=st.integers(0, 2**50),
    ended=st.booleans(),
    tables=st.binary(min_size=3, max_size=3).map(bytes.hex),
    bands=st.integers(0, 32),
)


@cache
def chunks(header: SpkHeader = HEADER) -> list[Chunk]:
    random = np.random.default_rng(1)
    found = []
    for index in range(HEADER.chunks):
        shape = (HEADER.frames_in(index), BINS)
        levels = random.integers(-2, 3, shape) * (random.random(shape) < 0.1)
        levels[0, 0] = 100 if index == 2 else 0  # beyond the nominal levels
        corrections = random.integers(-2, 3, (2, 5)).astype(np.int8)
        events = events_of(levels.astype(np.int32), header.units)
        found.append(Chunk(events, 150 * index % 2048, index, corrections))
    return found


@cache
def file(header: SpkHeader = HEADER) -> bytes:
    out = io.BytesIO()
    writer = SpkWriter(out, header, {"title": "Ein Stück"}, TABLES)
    for chunk in chunks(header):
        corrections = chunk.corrections if header.bands else None
        writer.write(chunk.events, chunk.mu, corrections)
    writer.close(HEADER.samples)
    return out.getvalue()


def same(found: list[Chunk], expected: list[Chunk]) -> bool:
    return len(found) == len(expected) and all(
        (a.mu, a.index, a.events.starts.tolist(), a.events.unit.tolist())
        == (b.mu, b.index, b.events.starts.tolist(), b.events.unit.tolist())
        and np.array_equal(a.corrections, b.corrections)  # type: ignore[arg-type]
        for a, b in zip(found, expected, strict=True)
    )


@given(headers)
def test_a_header_is_read_as_written(header: SpkHeader) -> None:
    assert read_header(io.BytesIO(pack_header(header)).read) == header


@given(headers, st.data())
def test_a_damaged_header_is_refused(header: SpkHeader, data: st.DataObject) -> None:
    packed = bytearray(pack_header(header))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        read_header(io.BytesIO(packed).read)


@given(st.integers(0, 2**56 - 1))
def test_a_number_is_read_as_written(value: int) -> None:
    assert read_number(io.BytesIO(number(value)).read) == value


@pytest.mark.parametrize("data", [b"", b"\x80", b"\x80\0", b"\xff" * 9])
def test_a_number_has_one_form(data: bytes) -> None:
    with pytest.raises(FormatError):
        read_number(io.BytesIO(data).read)


@pytest.mark.parametrize("samples", [HEADER.samples, UNKNOWN])
def test_a_file_is_read_as_written(samples: int) -> None:
    header = replace(HEADER, samples=samples)
    reader = SpkReader(io.BytesIO(file(header)), tables=TABLES)
    assert same([*reader], chunks(header))
    assert reader.samples == HEADER.samples
    assert reader.texts == {"title": "Ein Stück"}
    levels = levels_of(chunks()[2].events, BINS)
    assert levels[0, 0] == 100


def test_six_seconds_cost_34_bytes_besides_the_payload() -> None:
    header = replace(
        HEADER, sample_rate=22050, hop=2048, units=2 * 64 * 1536, chunk_frames=64,
        samples=131_072, bands=0,
    )  # fmt: skip
    out = io.BytesIO()
    writer = SpkWriter(out, header, tables=TABLES)
    writer.write(events_of(np.zeros((65, 1536), np.int32), header.units), 100)
    writer.close()
    assert len(out.getvalue()) == 34
    (chunk,) = SpkReader(io.BytesIO(out.getvalue()), tables=TABLES)
    assert chunk.events.frames == 65


@given(st.integers(0, len(file()) - 1), st.integers(1, 255))
def test_no_damage_goes_unnoticed(place: int, change: int) -> None:
    data = bytearray(file())
    data[place] ^= change
    notes: list[str] = []
    try:
        found = [*SpkReader(io.BytesIO(data), notes.append, TABLES)]
    except FormatError:
        return
    assert notes
    assert same(found, chunks())


@given(st.integers(60, len(file()) - 1), st.integers(1, 255))
def test_what_is_whole_is_saved_and_the_rest_is_silence(place: int, change: int) -> None:
    data = bytearray(file())
    data[place] ^= change
    salvage = Salvage(io.BytesIO(data), tables=TABLES)
    found = [*filled(salvage)]
    lost = {index for loss in salvage.losses if loss.first is not None
            for index in range(loss.first, loss.last + 1)}  # fmt: skip
    assert len(lost) <= 1
    assert sum(chunk.events.frames for chunk in found) == HEADER.frames
    kept = [chunk for chunk in found if chunk.index not in lost]
    assert same(kept, [chunk for chunk in chunks() if chunk.index not in lost])


def test_a_chunk_of_another_file_is_noticed() -> None:
    ours = file()
    theirs = io.BytesIO()
    writer = SpkWriter(theirs, HEADER, {"title": "Ein Stück"}, TABLES)
    for chunk in chunks():
        writer.write(chunk.events, chunk.mu ^ 1, chunk.corrections)
    writer.close()
    cut = place_of(io.BytesIO(ours), HEADER, 10, print)
    mixed = ours[:cut] + theirs.getvalue()[cut:]
    with pytest.raises(FormatError, match="digest differs"):
        [*SpkReader(io.BytesIO(mixed), tables=TABLES)]
    salvage = Salvage(io.BytesIO(mixed), tables=TABLES)
    assert len([*salvage]) == HEADER.chunks
    assert "digest differs" in str(salvage.losses[0])


@pytest.mark.parametrize("index", [0, 1, 16, 19])
def test_chunks_are_found(index: int) -> None:
    reader = SpkReader(io.BytesIO(file()), tables=TABLES)
    reader.seek(index)
    assert same([*reader], chunks()[index:])


def test_a_wrong_seek_table_is_noticed_and_not_used(tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = SpkWriter(out, HEADER, None, TABLES)
    for chunk in chunks():
        writer.write(chunk.events, chunk.mu, chunk.corrections)
        writer._places[-1] += chunk.index == 19
    writer.close()
    reader = SpkReader(io.BytesIO(out.getvalue()), tables=TABLES)
    reader.seek(17)
    assert same([*reader], chunks()[17:])
    path = tmp_path / "a.spk"
    path.write_bytes(out.getvalue())
    assert "seek table" in str(verify(path, TABLES).losses[0])


def test_without_the_tables_the_file_says_which_it_needs() -> None:
    reader = SpkReader(io.BytesIO(file()))
    with pytest.raises(FormatError, match=f"tables {TABLES.hash}"):
        next(iter(reader))
    with pytest.raises(FormatError, match=f"tables {TABLES.hash}, those of the bundle"):
        SpkReader(io.BytesIO(file()), tables=replace(TABLES, ages=TABLES.ages + 1))


def test_hints_are_kept() -> None:
    header = replace(HEADER, decoder="waveform", seed=9)
    assert read_header(io.BytesIO(pack_header(header)).read).playback == Playback(
        "waveform", None, None, 9
    )


@cache
def page_reader() -> Callable[[bytes, bytes], tuple[int, list]]:
    """The second reader that the page of the format shows."""
    page = (Path(__file__).parents[3] / "docs" / "spk-format.md").read_text()
    scope: dict = {}
    exec(re.findall(r"```python\n(.*?)```", page, re.DOTALL)[1], scope)
    return scope["read_short"]


@pytest.mark.parametrize(
    "header",
    [HEADER, replace(HEADER, samples=UNKNOWN), replace(HEADER, bands=0, seed=700)],
    ids=["corrections", "stream", "hints"],
)
def test_the_reader_of_the_page_agrees(header: SpkHeader) -> None:
    samples, found = page_reader()(file(header), TABLES.packed())
    assert samples == HEADER.samples
    assert len(found) == HEADER.chunks
    for (step, levels, corrections), chunk in zip(found, chunks(header), strict=True):
        assert step == chunk.mu
        np.testing.assert_array_equal(levels, levels_of(chunk.events, BINS))
        if header.bands:
            np.testing.assert_array_equal(corrections, chunk.corrections)


def test_the_golden_file_stays() -> None:
    """Written when version 2 was settled, in November 2026."""
    golden = Path(__file__).parent / "golden" / "version-2.spk"
    assert file() == golden.read_bytes()


@pytest.mark.parametrize(
    ("field", "value"), [("seed", 2**56), ("bands", 33), ("samples", 2**48 + 1)]
)
def test_a_number_that_no_reader_takes_is_not_written(field: str, value: int) -> None:
    with pytest.raises(FormatError, match=f"header: {field} {value} is not in"):
        replace(HEADER, **{field: value})


def test_bands_without_end_cost_no_memory() -> None:
    plain = pack_header(replace(HEADER, bands=1))
    place = plain.index(bytes.fromhex(HEADER.tables[:6] + HEADER.model[:6])) + 6
    body = plain[:place] + number(2**40) + plain[place + 1 : -2]
    with pytest.raises(FormatError, match="bands"):
        read_header(io.BytesIO(body + check(body)).read)


def test_few_bytes_cost_little_work_in_corrections() -> None:
    shape = Shape(2, 8, 5.4, 2000, 32)
    with pytest.raises(FormatError, match="cannot hold so much"):
        decode(b"\x81\x02", shape, TABLES)


@pytest.mark.parametrize("index", [0, 5, 12])
def test_a_hint_of_a_later_writer_changes_no_place(index: int) -> None:
    data = file()
    start = pack_header(HEADER)
    late = bytearray(start[:-2])
    late[5] |= 8
    late += bytes([99]) + number(7)
    data = bytes(late) + check(bytes(late)) + data[len(start) :]
    reader = SpkReader(io.BytesIO(data), tables=TABLES)
    assert (reader.header.decoder, reader.header.seed) == ("", 7)
    reader.seek(index)
    assert next(iter(reader)).index == index
    salvage = Salvage(io.BytesIO(data), tables=TABLES)
    assert same([*salvage], chunks())
    assert not salvage.losses
