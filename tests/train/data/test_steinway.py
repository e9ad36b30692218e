import numpy as np

from train.config import SAMPLE_RATE
from train.data.performance import Performance
from train.data.piano import LONGEST
from train.data.rendering import render
from train.data.steinway import steinway


def test_the_steinway_sounds_the_pitch_of_its_keys() -> None:
    piano = steinway()
    for key in (33, 57, 69, 81):
        note = Performance(np.zeros(1), np.ones(1), np.array([key]), np.array([90]))
        sound = render(note, piano)[:SAMPLE_RATE]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
        pitch = 440 * 2 ** ((key - 69) / 12)
        # The first partials of a real string, of which some are strong, within a third of a tone.
        bins = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE)
        near = np.zeros(len(bins), bool)
        for overtone in range(1, 40):
            near |= np.abs(bins - overtone * pitch) < max(3, 0.02 * overtone * pitch)
        assert np.square(spectrum[near]).sum() > 0.8 * np.square(spectrum).sum()


def test_a_long_tone_ends_in_silence() -> None:
    tone = steinway().tone(29, 6).steps
    assert len(tone) == LONGEST
    assert np.abs(tone[-20:]).max() < 0.01 * np.abs(tone[:SAMPLE_RATE]).max()
