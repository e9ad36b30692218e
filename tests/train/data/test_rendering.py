import functools
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import PerformanceError
from train.config import SAMPLE_RATE
from train.data.performance import Performance
from train.data.piano import LONGEST, Piano, Recording
from train.data.rendering import render, rendering


def performance(*notes: tuple[float, float, int, int]) -> Performance:
    onset, release, pitch, velocity = zip(*sorted(notes), strict=True)
    return Performance(
        np.array(onset), np.array(release), np.array(pitch, np.int64), np.array(velocity, np.int64)
    )


def piano(seconds: float = 1.0) -> Piano:
    """Every fourth key in two layers, each ringing as one decaying exponential from sample 0."""
    tone = np.exp(-np.arange(int(seconds * SAMPLE_RATE)) / 4000).astype(np.float32)
    return Piano(
        [
            Recording(key, top, level, partial(np.multiply, tone, np.float32(10 ** (level / 20))))
            for key in range(21, 109, 4)
            for top, level in ((64, -30.0), (127, -20.0))
        ]
    )


@functools.cache
def shared_piano() -> Piano:
    return piano()


@st.composite
def performances(draw: st.DrawFn) -> Performance:
    note = st.tuples(
        st.floats(0, 2), st.floats(0, 2), st.integers(10, 120), st.integers(1, 127)
    ).map(lambda n: (n[0], n[0] + n[1], n[2], n[3]))
    in_range = draw(note.filter(lambda n: 21 <= n[2] <= 108))
    return performance(in_range, *draw(st.lists(note, max_size=12)))


@given(performances(), st.data())
@settings(max_examples=60, deadline=None)
def test_any_window_holds_the_bits_of_the_whole(notes: Performance, data: st.DataObject) -> None:
    source = rendering("piece", notes, shared_piano())
    whole = render(notes, piano())  # another piano, whose tones are all made anew
    assert whole.shape == (source.frames,)
    start = data.draw(st.integers(0, source.frames - 1))
    frames = data.draw(st.integers(1, source.frames - start))
    window = source.read(start, frames)
    assert window.dtype == np.float32
    assert window.tobytes() == whole[start : start + frames].tobytes()


@given(performances(), st.lists(st.integers(1, 30_000), min_size=1, max_size=6))
@settings(max_examples=30, deadline=None)
def test_chunks_join_to_the_whole(notes: Performance, cuts: list[int]) -> None:
    source = rendering("piece", notes, shared_piano())
    edges = [0, *sorted({min(c * 4, source.frames - 1) for c in cuts}), source.frames]
    chunks = [source.read(a, b - a) for a, b in pairwise(edges)]
    assert np.concatenate(chunks).tobytes() == source.read(0, source.frames).tobytes()


@given(st.lists(st.floats(0, 1.9), min_size=1, max_size=5), st.integers(21, 108))
@settings(max_examples=30, deadline=None)
def test_every_onset_falls_on_its_sample(onsets: list[float], key: int) -> None:
    sound = render(performance(*((t, t + 0.1, key, 100) for t in onsets)), shared_piano())
    first = round(min(onsets) * SAMPLE_RATE)
    assert not sound[:first].any()
    assert sound[first] > 0


@pytest.mark.parametrize(("key", "fades"), [(60, True), (88, True), (89, False), (108, False)])
def test_a_damper_falls_at_the_release_and_the_top_keys_have_none(key: int, fades: bool) -> None:
    short, long = (render(performance((0.0, t, key, 100)), shared_piano()) for t in (0.1, 0.9))
    release = round(0.1 * SAMPLE_RATE)
    np.testing.assert_array_equal(short[:release], long[:release])
    after = slice(release + 400, release + 2000)
    assert (np.abs(short[after]).sum() < 0.8 * np.abs(long[after]).sum()) == fades


def test_a_tone_is_kept_for_a_bounded_time() -> None:
    sound = render(performance((0.0, 15.0, 61, 100)), piano(14.0))
    assert sound[LONGEST - SAMPLE_RATE : LONGEST].shape == (SAMPLE_RATE,)
    assert not sound[LONGEST:].any()


def test_louder_keys_sound_louder_without_a_jump_between_layers() -> None:
    peaks = [
        np.abs(render(performance((0.0, 1.0, 61, v)), shared_piano())).max() for v in range(1, 128)
    ]
    assert all(a <= b * 1.0001 for a, b in pairwise(peaks))
    steps = 20 * np.log10(np.array(peaks[20:]) / np.array(peaks[19:-1]))
    assert steps.max() < 1


def test_a_performance_off_the_keyboard_is_refused() -> None:
    with pytest.raises(PerformanceError, match="a piece"):
        rendering("a piece", performance((0.0, 1.0, 5, 90)), shared_piano())
