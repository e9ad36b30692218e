from functools import partial
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from train.data.performance import Performance
from train.data.piano import SAMPLE_RATE, Piano, Recording, render, steinway


def performance(*notes: tuple[float, float, int, int]) -> Performance:
    onset, release, pitch, velocity = zip(*notes, strict=True)
    return Performance(
        np.array(onset), np.array(release), np.array(pitch, np.int64), np.array(velocity, np.int64)
    )


def click_piano() -> Piano:
    """A piano whose keys ring as one decaying exponential, sharp at sample 0."""
    tone = np.exp(-np.arange(SAMPLE_RATE) / 4000).astype(np.float32)
    return Piano(
        [
            Recording(key, top, level, partial(np.multiply, tone, np.float32(10 ** (level / 20))))
            for key in range(21, 109)
            for top, level in ((64, -30.0), (127, -20.0))
        ]
    )


@given(st.lists(st.floats(0, 1.9), min_size=1, max_size=5), st.integers(21, 108))
@settings(max_examples=30)
def test_every_onset_falls_on_its_sample(onsets: list[float], key: int) -> None:
    piano = click_piano()
    sound = render(performance(*((t, t + 0.1, key, 100) for t in onsets)), piano, 0, 2.5)
    first = round(min(onsets) * SAMPLE_RATE)
    assert not sound[:first].any()
    assert sound[first] > 0


@given(st.floats(0, 1.0), st.floats(0.1, 1.0))
@settings(max_examples=30)
def test_a_part_of_a_performance_is_that_part_of_the_whole(start: float, seconds: float) -> None:
    notes = performance((0.0, 0.5, 60, 70), (0.4, 0.6, 64, 90), (0.9, 1.5, 67, 110))
    start = round(start * SAMPLE_RATE) / SAMPLE_RATE
    whole = render(notes, click_piano(), 0, 3)
    part = render(notes, click_piano(), start, seconds)
    first = round(start * SAMPLE_RATE)
    np.testing.assert_allclose(part, whole[first : first + len(part)], atol=1e-6)


def test_louder_keys_sound_louder_without_a_jump_between_layers() -> None:
    piano = click_piano()
    peaks = [
        np.abs(render(performance((0.0, 1.0, 60, v)), piano, 0, 1)).max() for v in range(1, 128)
    ]
    assert all(a <= b * 1.000001 for a, b in pairwise(peaks))
    steps = 20 * np.log10(np.array(peaks[20:]) / np.array(peaks[19:-1]))
    assert steps.max() < 1


def test_the_steinway_sounds_the_pitch_of_its_keys() -> None:
    piano = steinway()
    for key in (33, 57, 69, 81):
        sound = render(performance((0.0, 1.0, key, 90)), piano, 0, 1.0)
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        pitch = 440 * 2 ** ((key - 69) / 12)
        # The first partials of a real string, of which some are strong, within a third of a tone.
        bins = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        near = np.zeros(len(bins), bool)
        for overtone in range(1, 40):
            near |= np.abs(bins - overtone * pitch) < max(3, 0.02 * overtone * pitch)
        assert np.square(spectrum[near]).sum() > 0.8 * np.square(spectrum).sum()
