import dataclasses

import pytest
import torch

from train.config import Conformer
from train.networks.context import MU_GAIN, MUS, Context

CONFIG = Conformer(layers=1, heads=2, kernel=3, reach=2)


@pytest.mark.parametrize("inputs", [8, 5])
@pytest.mark.parametrize("with_mu", [True, False])
@pytest.mark.parametrize("frames", [1, 9])
def test_channels_are_widened_and_frames_kept(inputs: int, with_mu: bool, frames: int) -> None:
    context = Context(inputs, 8, CONFIG, with_mu)
    out = context(torch.randn(3, inputs, frames), torch.tensor([0, 15, MUS - 1]))
    assert out.shape == (3, 8, frames)


def test_mu_is_added_to_every_frame_before_the_conformer() -> None:
    context = Context(8, 8, dataclasses.replace(CONFIG, layers=0), True)
    signal, mu = torch.randn(2, 8, 4), torch.tensor([3, 17])
    torch.testing.assert_close(context(signal, mu), signal)  # it begins as nothing
    assert context.mu is not None
    torch.nn.init.normal_(context.mu.weight)
    added = context(signal, mu) - signal
    expected = MU_GAIN * context.mu.weight[mu].unsqueeze(2).expand(2, 8, 4)
    torch.testing.assert_close(added, expected, atol=1e-6, rtol=1e-5)


def test_without_mu_the_rates_do_not_matter() -> None:
    context, signal = Context(8, 8, CONFIG, False), torch.randn(2, 8, 4)
    one, other = (context(signal, torch.full((2,), mu)) for mu in (0, 31))
    assert torch.equal(one, other)


def test_a_mu_that_was_not_trained_is_the_nearest_that_was() -> None:
    context, signal = Context(8, 8, CONFIG, True), torch.randn(1, 8, 4)
    assert context.mu is not None
    torch.nn.init.normal_(context.mu.weight)
    before = {mu: context(signal, torch.tensor([mu])) for mu in (6, 11, 26)}
    context.extend(6, 26)
    for mu, same in ((0, 6), (6, 6), (11, 11), (26, 26), (31, 26)):
        assert torch.equal(context(signal, torch.tensor([mu])), before[same])
