import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.objectives.losses import diffuse, mel_distance, noise_ratio


@given(st.floats(-30, 10))
@settings(max_examples=20)
def test_the_noise_ratio_is_in_decibels(level: float) -> None:
    audio = torch.sin(torch.arange(8192) * 0.1)[None, None] * 0.5
    noise = torch.cos(torch.arange(8192) * 0.3)[None, None] * 0.5 * 10 ** (level / 20)
    assert noise_ratio(audio, audio + noise).item() == pytest.approx(level, abs=0.1)


def test_silence_has_a_finite_loss() -> None:
    silence = torch.zeros(1, 1, 8192)
    assert math.isfinite(noise_ratio(silence, silence).item())
    assert mel_distance(silence, silence).item() == 0


def test_mel_distance_of_a_louder_copy_is_its_level() -> None:
    audio = torch.randn(1, 1, 32768)
    distance = mel_distance(audio, audio * math.e)
    assert distance.item() == pytest.approx(1, abs=0.01)


@given(st.floats(0, 1))
@settings(max_examples=20)
def test_sample_and_velocity_give_back_sound_and_noise(level: float) -> None:
    sound, noise = torch.randn(2, 3, 1, 64).unbind()
    sigma = torch.full((3,), level)
    sample, velocity = diffuse(sound, noise, sigma)
    alpha, beta = math.cos(level * math.pi / 2), math.sin(level * math.pi / 2)
    torch.testing.assert_close(alpha * sample - beta * velocity, sound, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(beta * sample + alpha * velocity, noise, atol=1e-5, rtol=1e-4)
