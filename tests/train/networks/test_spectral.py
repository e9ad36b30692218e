import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from train.config import HOP, Spectral
from train.networks.spectral import Block, Decoder, Encoder, Fourier, framed, overlapped, reach

TINY = Spectral(
    kind="spectral",
    channels=8,
    kernel=5,
    dilations=(1, 2),
    window=2048,
    top=4000.0,
    above=6,
    spectrum=(0.0, -20.0),
)


@pytest.mark.parametrize("frames", [1, 2, 9])
def test_a_frame_is_a_hop_of_samples(frames: int) -> None:
    latent = Encoder(TINY, 12)(torch.randn(2, 1, HOP * frames))
    assert latent.shape == (2, 12, frames)
    assert Decoder(TINY, 12)(latent).shape == (2, 1, HOP * frames)


@given(st.integers(1, 12), st.sampled_from([2048, 2560, 4096]))
def test_windowed_frames_add_up_to_the_signal(frames: int, window: int) -> None:
    signal = torch.randn(2, 1, HOP * frames)
    taper = torch.hann_window(window, dtype=torch.float64)
    doubled = framed(signal.double(), window) * taper * taper / (3 / 8 * window / HOP)
    inner = slice(window, -window) if frames * HOP > 2 * window else slice(0, 0)
    torch.testing.assert_close(overlapped(doubled)[..., inner], signal.double()[..., inner])


def test_fourier_goes_there_and_back_and_keeps_the_power() -> None:
    frames, fourier = torch.randn(1, 3, 2048), Fourier(2048)
    spectrum = fourier(frames)
    assert spectrum.shape == (1, 3, 2, 1025)
    torch.testing.assert_close(fourier.inverse(spectrum), frames, atol=1e-5, rtol=1e-4)
    twice = torch.full((1025,), 2.0)
    twice[0] = twice[-1] = 1.0
    power = (spectrum.square().sum(2) * twice).sum(2)
    torch.testing.assert_close(power, frames.square().sum(2), atol=1e-2, rtol=1e-4)


@given(st.integers(1, 20), st.sampled_from([3, 5]), st.integers(1, 3))
def test_one_convolution_is_the_sum_of_shifted_products(
    frames: int, kernel: int, dilation: int
) -> None:
    block, signal = Block(6, kernel, dilation), torch.randn(2, frames, 6)
    shifted = block(signal)
    block.convolved = True
    torch.testing.assert_close(block(signal), shifted, atol=1e-5, rtol=1e-5)


def test_beyond_its_reach_nothing_is_heard() -> None:
    frames = reach(TINY)
    middle = frames + 1
    encoder, decoder = Encoder(TINY, 6), Decoder(TINY, 6)
    quiet = 0.1 * torch.randn(1, 1, HOP * (2 * frames + 3))
    loud = quiet.clone()
    loud[..., :HOP] += 1
    loud[..., -HOP:] += 1
    torch.testing.assert_close(encoder(loud)[..., middle], encoder(quiet)[..., middle])
    code = torch.randn(1, 6, 2 * frames + 3)
    other = code.clone()
    other[..., [0, -1]] += 1
    own = slice(middle * HOP, (middle + 1) * HOP)
    torch.testing.assert_close(decoder(other)[..., own], decoder(code)[..., own])


def test_a_window_reaches_frames_that_it_overlaps() -> None:
    assert reach(dataclasses.replace(TINY, dilations=())) == 2
    assert reach(TINY) == 2 * 3 + 2
