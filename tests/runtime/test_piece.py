from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import EventsError
from runtime.events import EventMatrix
from runtime.piece import NO_MU, Piece
from runtime.playback import Playback

EVENTS = EventMatrix.from_bits(np.random.default_rng(0).random((3, 20)) < 0.3)
PIECE = Piece(EVENTS, 20 * 4 - 1, 8000, 4, 8, "MU_SPARSE", "0" * 16, (1, 2, 3))


@given(st.integers(1, 30))
def test_its_chunks_make_up_the_whole(frames: int) -> None:
    chunks = [*replace(PIECE, chunk_frames=frames, mus=()).chunks()]
    assert EventMatrix.joined([chunk.events for chunk in chunks], 3) == EVENTS
    assert {chunk.events.frames for chunk in chunks[:-1]} <= {frames}
    assert [(chunk.index, chunk.mu) for chunk in chunks] == [(i, NO_MU) for i in range(len(chunks))]


def test_each_chunk_has_its_mu() -> None:
    assert [chunk.mu for chunk in PIECE.chunks()] == [1, 2, 3]


@pytest.mark.parametrize("samples", [76, 81])
def test_samples_must_fit_the_frames(samples: int) -> None:
    with pytest.raises(EventsError, match=f"{samples} samples"):
        replace(PIECE, samples=samples)


def test_mus_must_fit_the_chunks() -> None:
    with pytest.raises(EventsError, match="2 mus are given for 3 chunks"):
        replace(PIECE, mus=(1, 2))


def test_what_one_leaves_open_the_next_says() -> None:
    said = Playback("fast", seed=3).over(Playback("diffusion", "dpm", 4))
    assert said == Playback("fast", "dpm", 4, 3)
