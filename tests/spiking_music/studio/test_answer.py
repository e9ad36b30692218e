import numpy as np
import pytest

from spiking_music.report.spectrum import log_frequencies, spectrogram
from spiking_music.studio.answer import AFTER, BEFORE, answer
from spiking_music.studio.errors import StudioError

RATE, HOP = 22_050, 512
FRAMES = 430


def struck(hertz: float, frames: list[int]) -> np.ndarray:
    """A tone that begins at each of the frames and falls within a quarter of a second."""
    sound = np.zeros(FRAMES * HOP)
    time = np.arange(RATE // 4) / RATE
    for frame in frames:
        start = frame * HOP
        sound[start : start + len(time)] += np.sin(2 * np.pi * hertz * time) * np.exp(-12 * time)
    return sound.astype(np.float32)


def test_a_unit_answers_to_the_tone_it_fires_with() -> None:
    mine, others = [40, 130, 220, 310], [80, 175, 260, 350]
    fires = np.zeros(FRAMES, np.bool_)
    for frame in mine:
        fires[frame : frame + 3] = True  # what lasts begins once
    found = answer(struck(440, mine) + struck(1760, others), fires, HOP, RATE)
    assert found.onsets == 4
    assert len(found.sound) == pytest.approx((BEFORE + AFTER) * RATE, rel=0.02)
    levels = spectrogram(found.sound, RATE)
    loudest = log_frequencies(RATE)[levels.max(axis=1).argmax()]
    assert loudest == pytest.approx(440, rel=0.04)
    before, after = round(0.05 * RATE / HOP), round(0.2 * RATE / HOP)
    assert levels[:, after].max() > levels[:, before].max() + 10  # it begins with the event


def test_the_same_unit_always_sounds_the_same() -> None:
    fires = np.arange(FRAMES) % 50 == 20
    one, other = (answer(struck(440, [20, 70]), fires, HOP, RATE) for _ in range(2))
    assert (one.sound == other.sound).all()


@pytest.mark.parametrize("frames", [[0], [FRAMES - 1], [0, FRAMES - 1], list(range(FRAMES))])
def test_events_at_the_edges_are_heard(frames: list[int]) -> None:
    fires = np.zeros(FRAMES, np.bool_)
    fires[frames] = True
    assert np.isfinite(answer(struck(440, [0, 415]), fires, HOP, RATE).sound).all()


def test_a_short_piece_is_enough() -> None:
    found = answer(np.ones(700, np.float32), np.array([False, True]), HOP, RATE)
    assert np.isfinite(found.sound).all()


def test_a_unit_that_never_fires_is_refused() -> None:
    with pytest.raises(StudioError, match="never fires"):
        answer(struck(440, [20]), np.zeros(FRAMES, np.bool_), HOP, RATE)
