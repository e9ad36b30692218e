import io
import os
import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.coders.paper import DENSE, pack_as
from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.kinds import CODERS
from runtime.piece import NO_MU, Chunk
from runtime.spk.chunks import pack_chunk, store
from runtime.spk.header import UNKNOWN, SpkHeader, pack_header
from runtime.spk.reader import SpkReader
from runtime.spk.salvage import Salvage
from runtime.spk.tags import Tag, pack_tag
from runtime.spk.writer import SpkWriter

HEADER = SpkHeader(8000, UNKNOWN, 3, 4, 8, "MU_SPARSE", "0123456789abcdef")


def matrix(frames: int, seed: int = 0) -> EventMatrix:
    return EventMatrix.from_bits(np.random.default_rng(seed).random((3, frames)) < 0.3)


def written(
    header: SpkHeader, events: EventMatrix, samples: int | None = None, **texts: str
) -> bytes:
    file = io.BytesIO()
    writer = SpkWriter(file, header, texts)
    for start in range(0, events.frames, header.chunk_frames):
        writer.write(events.part(start, start + header.chunk_frames), start % 250)
    writer.close(samples)
    return file.getvalue()


class Dribble(io.RawIOBase):
    """A pipe that gives a byte or two at a time."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._file.read(min(size, 2))


@settings(max_examples=40)
@given(st.integers(0, 50), st.sampled_from(CODERS), st.booleans(), st.integers(0, 3))
def test_a_stream_comes_back(frames: int, coder: str, ended: bool, less: int) -> None:
    header = replace(HEADER, coder=coder, ended=ended)
    bits = matrix(frames)
    samples = max(4 * frames - less, 0)
    reader = SpkReader(Dribble(written(header, bits, samples)))
    chunks = list(reader)
    assert reader.header == header
    assert EventMatrix.joined([c.events for c in chunks], 3) == bits
    assert [c.index for c in chunks] == list(range(len(chunks)))
    assert [c.mu for c in chunks] == [8 * c.index for c in chunks]
    assert reader.samples == (samples if ended else 4 * frames)


def test_a_chunk_can_be_read_before_the_next_is_written() -> None:
    out, into = os.pipe()
    met = threading.Event()
    found = []

    def read() -> None:
        with os.fdopen(out, "rb") as file:
            for chunk in SpkReader(file):
                found.append(chunk.events)
                met.set()

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    with os.fdopen(into, "wb") as file:
        writer = SpkWriter(file, HEADER)
        for seed in range(3):
            writer.write(matrix(8, seed))
            assert met.wait(60)
            met.clear()
            assert len(found) == seed + 1
        writer.close()
    thread.join(60)
    assert not thread.is_alive()


def test_texts_are_read_and_unknown_tags_are_skipped_with_a_note() -> None:
    data = written(HEADER, matrix(9), title="Élégie", source="a piano")
    tag = pack_tag(Tag("mood", b"blue"))
    place = data.index(b"\xa5\x5a")
    notes: list[str] = []
    reader = SpkReader(io.BytesIO(data[:place] + tag + data[place:]), notes.append)
    assert len(list(reader)) == 2
    assert reader.texts == {"title": "Élégie", "source": "a piano"}
    assert notes == ["tag 'mood' of 4 bytes is unknown to this program and was skipped"]


def test_a_damaged_tag_is_found() -> None:
    data = written(HEADER, matrix(9), title="Elegie")
    with pytest.raises(FormatError, match="chunk 0: its checksum"):
        list(SpkReader(io.BytesIO(data.replace(b"Elegie", b"Elegia"))))


def test_chunks_can_be_counted_without_decoding() -> None:
    bits = matrix(20)
    stored = list(SpkReader(io.BytesIO(written(HEADER, bits))).stored())
    assert sum(chunk.events for chunk in stored) == bits.count
    assert [chunk.frames for chunk in stored] == [8, 8, 4]


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("known", [True, False])
def test_any_chunk_can_be_sought(known: bool, ended: bool) -> None:
    bits = matrix(8 * 40 + 3)
    header = replace(HEADER, ended=ended, samples=4 * bits.frames if known else UNKNOWN)
    reader = SpkReader(io.BytesIO(written(header, bits, title="Air")))
    for index in (40, 0, 15, 16, 17, 33):
        reader.seek(index)
        chunk = next(iter(reader))
        assert chunk.index == index
        assert chunk.events == bits.part(8 * index, 8 * index + 8)
    reader.seek(38)
    assert [chunk.index for chunk in reader] == [38, 39, 40]
    with pytest.raises(FormatError, match="chunk 41: missing"):
        reader.seek(41)


def test_the_seek_table_leads_over_damaged_chunks() -> None:
    bits = matrix(8 * 40)
    data = bytearray(written(HEADER, bits))
    data[60:90] = bytes(30)  # chunks 0 and 1
    reader = SpkReader(io.BytesIO(data))
    reader.seek(20)
    assert next(iter(reader)).events == bits.part(160, 168)
    with pytest.raises(FormatError, match=r"chunk 5: missing, or the file is damaged before it"):
        reader.seek(5)


def test_parts_of_a_file_cannot_be_exchanged() -> None:
    bits = matrix(24)
    data = written(replace(HEADER, coder="paper"), bits)
    other = written(replace(HEADER, coder="paper"), EventMatrix.from_bits(~bits.bits))
    size = (len(data) - 51 - 41) // 3
    cut = [data[51 + size * i : 51 + size * (i + 1)] for i in range(3)]
    foreign = other[51 : 51 + size]
    head, end = data[:51], data[-41:]
    for parts, message in (
        (cut[:1] + cut[2:], "chunk 1: chunk 2 is in its place"),
        ([cut[1], cut[0], cut[2]], "chunk 0: chunk 1 is in its place"),
        ([*cut, cut[2]], "chunk 3: chunk 2 is in its place"),
        (cut[:2], "end: 96 samples in 3 chunks are announced"),
        ([foreign, *cut[1:]], "the digest differs"),
    ):
        with pytest.raises(FormatError, match=message):
            list(SpkReader(io.BytesIO(head + b"".join(parts) + end)))


@pytest.mark.parametrize("known", [True, False])
def test_every_cut_is_found(known: bool) -> None:
    bits = matrix(20)
    header = replace(HEADER, samples=80 if known else UNKNOWN)
    data = written(header, bits)
    for length in range(len(data)):
        with pytest.raises(FormatError):
            list(SpkReader(io.BytesIO(data[:length])))


def test_an_endless_stream_may_stop_behind_any_chunk() -> None:
    header = replace(HEADER, ended=False, coder="paper")
    data = written(header, matrix(24))
    size = (len(data) - 51) // 3
    reader = SpkReader(io.BytesIO(data[: 51 + 2 * size]))
    assert len(list(reader)) == 2
    assert reader.samples == 64
    with pytest.raises(FormatError, match="chunk 2: the file ends inside"):
        list(SpkReader(io.BytesIO(data[:-1])))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(4, 8)], "chunk 0: 4 x 8 cells"),
        ([(3, 9)], "chunk 0: 3 x 9 cells"),
        ([(3, 0)], "chunk 0: 3 x 0 cells"),
        ([(3, 7), (3, 8)], "chunk 1: 3 x 8 cells"),
    ],
)
def test_chunks_that_do_not_fit_are_not_written(
    shapes: list[tuple[int, int]], message: str
) -> None:
    writer = SpkWriter(io.BytesIO(), HEADER)
    *good, bad = (EventMatrix.silent(*shape) for shape in shapes)
    for bits in good:
        writer.write(bits)
    with pytest.raises(FormatError, match=message):
        writer.write(bad)


def test_a_file_of_known_length_gets_that_many_chunks() -> None:
    header = replace(HEADER, samples=40, mu=3)  # 10 frames
    for frames, samples, message in ((8, None, "8 frames"), (10, 41, "41 samples")):
        writer = SpkWriter(io.BytesIO(), header)
        writer.write(matrix(8))
        if frames > 8:
            writer.write(matrix(frames - 8))
        with pytest.raises(FormatError, match=message):
            writer.close(samples)
    writer = SpkWriter(io.BytesIO(), replace(header, samples=32))
    writer.write(matrix(8))
    with pytest.raises(FormatError, match="announces fewer"):
        writer.write(matrix(8))


def test_a_mu_against_the_header_is_not_written() -> None:
    writer = SpkWriter(io.BytesIO(), replace(HEADER, mu=3))
    writer.write(matrix(8))
    for mu in (4, NO_MU, 300):
        with pytest.raises(FormatError, match="contradicts"):
            writer.write(matrix(8), mu)


def test_an_unknown_text_is_not_written() -> None:
    with pytest.raises(FormatError, match="'mood' is unknown"):
        SpkWriter(io.BytesIO(), HEADER, {"mood": "blue"})
    with pytest.raises(FormatError, match="bytes; at most 1048576 are allowed"):
        SpkWriter(io.BytesIO(), HEADER, {"title": "la" * 2**20})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": 7}, "chunk 1 of 3: has 7 frames instead of 8"),
        ({"mu": 4}, "chunk 1 of 3: has mu 4 instead of 3"),
        ({"form": 6}, r"chunk 1 of 3: holds .* events in form 6"),
        ({"events": 25}, "chunk 1 of 3: holds 25 events"),
        ({"events": 24}, "chunk 1 of 3: payload holds"),
    ],
)
def test_chunks_with_good_checksums_must_fit_the_header(
    change: dict[str, int], message: str
) -> None:
    header = replace(HEADER, samples=96, mu=3, coder="paper")
    eye = EventMatrix.from_bits(np.eye(3, 8, dtype=np.bool_))
    chunks = [store(Chunk(eye, 3, index), "paper") for index in range(3)]
    dense = pack_as(DENSE, np.eye(3, 8, dtype=np.bool_))
    chunks[1] = replace(chunks[1], form=DENSE, payload=dense)
    chunks[1] = replace(chunks[1], **change)
    data = pack_header(header) + b"".join(map(pack_chunk, chunks))
    with pytest.raises(FormatError, match=message):
        list(SpkReader(io.BytesIO(data)))
    salvage = Salvage(io.BytesIO(data))
    assert [chunk.index for chunk in salvage] == [0, 2]
    assert [loss.first for loss in salvage.losses][:2] == [1, 1]


def test_a_stream_goes_on_only_behind_whole_chunks() -> None:
    short = store(Chunk(EventMatrix.silent(3, 5), 0), "rice")
    data = pack_header(HEADER) + pack_chunk(short) + pack_chunk(replace(short, index=1))
    with pytest.raises(FormatError, match="chunk 1: follows the one that has to be the last"):
        list(SpkReader(io.BytesIO(data)))


def test_an_end_of_the_wrong_size_is_refused() -> None:
    data = pack_header(HEADER) + pack_tag(Tag("end ", b"now"))
    with pytest.raises(FormatError, match="end: has 3 bytes"):
        list(SpkReader(io.BytesIO(data)))
    salvage = Salvage(io.BytesIO(data))
    assert list(salvage) == []
    assert [str(loss) for loss in salvage.losses] == [
        "end: has 3 bytes instead of 28 (bytes 51 to 67)",
        "end: missing",
    ]
