import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.networks.discriminator import Discriminator

WINDOWS = (512, 256, 128)


@given(st.integers(512, 4096), st.integers(1, 3), st.integers(1, 5))
@settings(max_examples=25)
def test_a_scale_has_a_quarter_of_its_window_as_hop_and_halves_its_bins_three_times(
    samples: int, batch: int, filters: int
) -> None:
    opinions = Discriminator(WINDOWS, filters)(torch.randn(batch, 1, samples))
    assert len(opinions) == len(WINDOWS)
    for window, (logits, features) in zip(WINDOWS, opinions, strict=True):
        frames = 1 + (samples - window) // (window // 4)
        bins = [window // 2 + 1] + [window // 2**k + 1 for k in (2, 3, 4)] + [window // 16 + 1]
        assert [tuple(f.shape) for f in features] == [(batch, filters, frames, b) for b in bins]
        assert logits.shape == (batch, 1, frames, bins[-1])


@given(st.floats(0.01, 0.49), st.floats(0.01, 1.0))
@settings(max_examples=25)
def test_the_spectrum_is_real_and_imaginary_part_at_a_level_free_of_the_window(
    frequency: float, level: float
) -> None:
    noise = level * torch.randn(1, 1, 2**15, generator=torch.Generator().manual_seed(0))
    energies = []
    for scale in Discriminator(WINDOWS, 1).scales:
        spectrum = scale.spectrum(noise)
        energies.append(spectrum.square().sum(1).mean().item())
        tone = torch.cos(2 * torch.pi * frequency * torch.arange(2**12))[None, None]
        size = scale.spectrum(tone).square().sum(1).mean(1)[0]
        assert abs(size.argmax().item() - frequency * len(scale.window)) <= 1
    assert energies == pytest.approx([level**2] * len(WINDOWS), rel=0.1)


def test_time_is_seen_further_than_a_window_and_clips_are_judged_apart() -> None:
    net = Discriminator((128,), 2)
    audio = torch.randn(2, 1, 4096, requires_grad=True)
    logits = net(audio)[0][0]
    logits[0, 0, logits.shape[2] // 2].sum().backward()
    assert audio.grad is not None
    assert audio.grad[1].abs().sum() == 0
    heard = audio.grad[0, 0].nonzero()
    # 1 + 1 + 2 + 4 + 1 + 1 frames of 32 samples to each side, and the window itself.
    assert 128 < heard.max() - heard.min() < 2 * 10 * 32 + 128


def test_phase_is_heard() -> None:
    net = Discriminator(WINDOWS, 4)
    audio = torch.randn(1, 1, 2048)
    for (logits, _), (others, _) in zip(net(audio), net(-audio), strict=True):
        assert (logits - others).abs().max() > 1e-4


def test_every_weight_learns_and_the_window_is_no_weight() -> None:
    net = Discriminator(WINDOWS, 3)
    sum(logits.square().sum() for logits, _ in net(torch.randn(1, 1, 1024))).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
    assert not any("window" in name for name in net.state_dict())


def test_the_papers_size() -> None:
    """A fifth of it: 2 x 32, three of 32 x 32 (3 x 9 each), 32 x 32 and 32 x 1 (3 x 3)."""
    net = Discriminator((256,), 32)
    weights = 27 * 32 * (2 + 3 * 32) + 9 * 32 * (32 + 1)
    biases_and_norms = 2 * (5 * 32 + 1)
    assert sum(p.numel() for p in net.parameters()) == weights + biases_and_norms
