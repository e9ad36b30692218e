import io
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.spk.header import UNKNOWN, SpkHeader, pack_header
from runtime.spk.salvage import Loss, Salvage, filled
from runtime.spk.writer import SpkWriter

HEADER = SpkHeader(8000, 4 * 8 * 6, 3, 4, 8, "FREE", "0123456789abcdef", coder="paper")
BITS = np.random.default_rng(0).random((6, 3, 8)) < 0.5


def written(header: SpkHeader = HEADER, close: bool = True) -> tuple[bytes, list[bytes], bytes]:
    """Header, chunks and end of a file, apart."""
    file, places = io.BytesIO(), []
    writer = SpkWriter(file, header)
    for bits in BITS:
        places.append(file.tell())
        writer.write(EventMatrix.from_bits(bits))
    places.append(file.tell())
    writer.close()
    data = file.getvalue()
    chunks = [data[start:stop] for start, stop in pairwise(places)]
    return data[: places[0]], chunks, data[places[-1] :]


HEAD, CHUNKS, END = written()


def saved(*parts: bytes) -> tuple[list[int], list[str]]:
    salvage = Salvage(io.BytesIO(HEAD + b"".join(parts)))
    found = []
    for chunk in salvage:
        np.testing.assert_array_equal(chunk.events.bits, BITS[chunk.index])
        found.append(chunk.index)
    return found, [str(loss) for loss in salvage.losses]


def test_a_whole_file_loses_nothing() -> None:
    assert saved(*CHUNKS, END) == ([0, 1, 2, 3, 4, 5], [])


@given(st.integers(0, 5), st.data())
def test_one_damaged_chunk_is_named_and_the_others_are_saved(
    which: int, data: st.DataObject
) -> None:
    chunk = bytearray(CHUNKS[which])
    chunk[data.draw(st.integers(0, len(chunk) - 1))] ^= data.draw(st.integers(1, 255))
    found, losses = saved(*CHUNKS[:which], bytes(chunk), *CHUNKS[which + 1 :], END)
    assert found == [index for index in range(6) if index != which]
    assert len(losses) == 1
    assert losses[0].startswith(f"chunk {which}: ")


@given(st.binary(max_size=99), st.integers(0, 6))
def test_foreign_bytes_between_chunks_cost_no_chunk(noise: bytes, place: int) -> None:
    found, losses = saved(*CHUNKS[:place], noise, *CHUNKS[place:], END)
    assert found == [0, 1, 2, 3, 4, 5]
    assert bool(losses) == bool(noise)


@pytest.mark.parametrize(
    ("order", "found", "losses"),
    [
        ([0, 1, 3, 4, 5], [0, 1, 3, 4, 5], ["chunk 2: missing"]),
        ([2, 5], [2, 5], ["chunks 0 to 1: missing", "chunks 3 to 4: missing"]),
        ([0, 1, 2, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5], ["chunk 2: comes after chunk 2"]),
        (
            [0, 2, 1, 3, 4, 5],
            [0, 2, 3, 4, 5],
            ["chunk 1: missing", "chunk 1: comes after chunk 2"],
        ),
        ([], [], ["chunks 0 to 5: missing"]),
    ],
)
def test_lost_double_and_late_chunks_are_named(
    order: list[int], found: list[int], losses: list[str]
) -> None:
    assert saved(*(CHUNKS[index] for index in order), END) == (found, losses)


def test_a_cut_is_named() -> None:
    found, losses = saved(*CHUNKS[:3], CHUNKS[3][:-1])
    assert found == [0, 1, 2]
    start = 51 + sum(map(len, CHUNKS[:3]))
    reason = f"the file ends inside it (bytes {start} to {start + len(CHUNKS[3]) - 1})"
    assert losses == [f"chunks 3 to 5: {reason}", "end: missing"]


def test_a_stream_learns_from_its_end_what_is_lost() -> None:
    head, chunks, end = written(replace(HEADER, samples=UNKNOWN))
    salvage = Salvage(io.BytesIO(head + b"".join(chunks[:4]) + end))
    assert [chunk.index for chunk in salvage] == [0, 1, 2, 3]
    assert salvage.samples == HEADER.samples
    assert salvage.losses == [Loss(4, 5, "missing")]


def test_a_damaged_header_cannot_be_helped() -> None:
    with pytest.raises(FormatError, match="header"):
        Salvage(io.BytesIO(HEAD[:-1] + b"?" + b"".join(CHUNKS)))


def test_a_long_payload_is_found_behind_much_noise() -> None:
    noise = b"\xa5\xa5\x5a" * 50_000
    found, losses = saved(noise, *CHUNKS, END)
    assert found == [0, 1, 2, 3, 4, 5]
    assert len(losses) == 1


@given(st.sets(st.integers(0, 5)))
def test_silence_stands_where_chunks_are_lost(lost: set[int]) -> None:
    kept = [chunk for index, chunk in enumerate(CHUNKS) if index not in lost]
    found = [*filled(Salvage(io.BytesIO(b"".join([HEAD, *kept, END]))))]
    expected = BITS.copy()
    expected[[*lost]] = False
    bits = np.concatenate([chunk.events.bits for chunk in found], axis=1)
    np.testing.assert_array_equal(bits, np.concatenate([*expected], axis=1))


def test_silence_is_bounded_by_what_is_left_unless_more_is_allowed() -> None:
    header = replace(HEADER, samples=HEADER.sample_rate * 700)
    data = pack_header(header)
    with pytest.raises(FormatError, match="700 seconds are lost and 0 are left"):
        [*filled(Salvage(io.BytesIO(data)))]
    found = filled(Salvage(io.BytesIO(data), most_lost=700))
    assert sum(chunk.events.frames for chunk in found) == header.frames
    with pytest.raises(FormatError, match="--max-seconds"):
        [*filled(Salvage(io.BytesIO(data), most_lost=699))]
