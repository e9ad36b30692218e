import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.kinds import CODERS
from runtime.piece import Chunk
from runtime.spk.chunks import SYNC, pack_chunk, read_chunk, store
from runtime.spk.header import SpkHeader

HEADER = SpkHeader(8000, 10_000, 6, 4, 40, "FREE", "0123456789abcdef")
matrices = hnp.arrays(
    np.bool_,
    st.tuples(st.just(6), st.integers(1, 40)),
    elements=st.booleans(),
    fill=st.booleans(),
)


@given(matrices, st.sampled_from(CODERS), st.integers(0, 2**32 - 1), st.integers(0, 255))
def test_every_chunk_comes_back(bits: np.ndarray, coder: str, index: int, mu: int) -> None:
    stored = store(Chunk(EventMatrix.from_bits(bits), mu, index), coder)
    data = pack_chunk(stored)
    assert len(data) == stored.size
    assert data.startswith(SYNC)
    read = read_chunk(io.BytesIO(data[2:]).read, HEADER)
    assert read == stored
    chunk = read.decoded(HEADER)
    assert (chunk.index, chunk.mu) == (index, mu)
    np.testing.assert_array_equal(chunk.events.bits, bits)


@pytest.mark.parametrize(("frames", "length"), [(0, 0), (41, 5), (40, 31), (40, 2**24 - 1)])
def test_lengths_are_bounded_before_they_are_read(frames: int, length: int) -> None:
    asked: list[int] = []
    head = bytes(4) + frames.to_bytes(2, "little") + bytes(5) + length.to_bytes(3, "little")

    def read(size: int) -> bytes:
        asked.append(size)
        return head

    with pytest.raises(FormatError, match="its head is damaged"):
        read_chunk(read, HEADER)
    assert asked == [14]
