import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.piece import Chunk
from runtime.spk.blocks import sealed
from runtime.spk.tags import (
    END_BYTES,
    MAX_BODY,
    SYNC,
    Digest,
    End,
    Tag,
    end_tag,
    pack_tag,
    parse_end,
    parse_seek,
    read_tag,
    seek_tag,
)

names = st.text("abcdefghijklmnopqrstuvwxyz ", min_size=4, max_size=4)


@given(names, st.binary(max_size=100))
def test_every_tag_comes_back(name: str, body: bytes) -> None:
    data = pack_tag(Tag(name, body))
    assert data.startswith(SYNC)
    assert read_tag(io.BytesIO(data[2:]).read) == Tag(name, body)


@given(st.integers(0, 2**48), st.integers(0, 2**32 - 1), st.binary(min_size=16, max_size=16))
def test_every_end_comes_back(samples: int, chunks: int, digest: bytes) -> None:
    end = End(samples, chunks, digest)
    assert parse_end(end_tag(end)) == end
    assert len(pack_tag(end_tag(end))) == END_BYTES == 41


@given(st.lists(st.integers(0, 2**60), max_size=9))
def test_every_seek_table_comes_back(places: list[int]) -> None:
    assert parse_seek(seek_tag(places)) == places


def test_a_body_is_bounded_before_it_is_read() -> None:
    asked: list[int] = []
    data = io.BytesIO(sealed(SYNC + b"long" + (MAX_BODY + 1).to_bytes(3, "little"))[2:])

    def read(length: int) -> bytes:
        asked.append(length)
        return data.read(length)

    with pytest.raises(FormatError, match="1048577 bytes"):
        read_tag(read)
    assert asked == [7]


@pytest.mark.parametrize("length", [0, 27, 29])
def test_an_end_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(FormatError, match="instead of 28"):
        parse_end(Tag("end ", bytes(length)))


def test_half_a_place_is_refused() -> None:
    with pytest.raises(FormatError, match="not a multiple of 8"):
        parse_seek(Tag("seek", bytes(12)))


def test_the_digest_tells_events_apart() -> None:
    values = set()
    for bits in (np.zeros((2, 9), np.bool_), np.eye(2, 9, dtype=np.bool_)):
        digest = Digest()
        digest.add(Chunk(EventMatrix.from_bits(bits)))
        values.add(digest.value())
    assert {len(value) for value in values} == {16}
    assert len(values) == 2
