import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from train.config import SAMPLE_RATE
from train.data.piano import Piano, Recording


@given(st.floats(1e-3, 1.0), st.integers(21, 108))
@settings(max_examples=20, deadline=None)
def test_a_tone_is_its_recording_within_half_a_step(peak: float, key: int) -> None:
    sound = (peak * np.sin(np.arange(500) / 7)).astype(np.float32)
    keys = (key, min(key + 1, 108), max(key - 1, 21), 20, 19, 109)
    piano = Piano([Recording(k, 127, -20.0, lambda: sound) for k in sorted({*keys})])
    tone = piano.tone(key, 0)
    assert tone.steps.dtype == np.int16
    assert np.abs(tone.steps.astype(float) * tone.step - sound).max() <= 0.51 * tone.step


def test_a_key_between_recordings_sounds_its_own_pitch() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    recordings = [
        Recording(key, 127, -20.0, lambda f=440 * 2 ** ((key - 69) / 12): np.sin(6.2832 * f * time))
        for key in range(57, 82, 3)
    ]
    piano = Piano(recordings)
    for key in (69, 70, 71):
        tone = piano.tone(key, 0).steps[: SAMPLE_RATE // 2]
        pitch = 2 * np.argmax(np.abs(np.fft.rfft(tone * np.hanning(len(tone)))))
        assert abs(pitch - 440 * 2 ** ((key - 69) / 12)) <= 2


def test_tones_are_made_once() -> None:
    made = []

    def load() -> np.ndarray:
        made.append(1)
        return np.ones(10, np.float32)

    piano = Piano([Recording(key, 127, -20.0, load) for key in range(60, 66)])
    assert piano.tone(62, 0) is piano.tone(62, 0)
    assert len(made) == 1
