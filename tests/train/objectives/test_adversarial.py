from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from train.networks.discriminator import Discriminator, Opinions
from train.objectives.adversarial import discriminator_loss, feature_distance, generator_loss

LOGITS = st.lists(st.floats(-3, 3), min_size=1, max_size=4)


def opinions(logits: list[float], features: float = 1.0) -> Opinions:
    """One scale a logit, all with one feature map of one value."""
    return [(torch.full((2, 1, 3, 4), x), [torch.full((2, 5, 3, 4), features)]) for x in logits]


@given(LOGITS, st.floats(-3, 3))
def test_hinge_losses_by_hand(real: list[float], shift: float) -> None:
    decoded = [x + shift for x in real]
    expected = sum(max(0, 1 - x) + max(0, 1 + y) for x, y in zip(real, decoded, strict=True))
    loss = discriminator_loss(opinions(real), opinions(decoded))
    assert loss.item() == pytest.approx(expected / len(real), abs=1e-5)
    expected = sum(max(0, 1 - y) for y in decoded) / len(real)
    assert generator_loss(opinions(decoded)).item() == pytest.approx(expected, abs=1e-5)


def test_hinges_are_taken_place_by_place() -> None:
    split = [(torch.tensor([3.0, -3.0]).view(1, 1, 1, 2), [])]
    assert generator_loss(split).item() == pytest.approx(2)
    assert discriminator_loss(split, split).item() == pytest.approx(4)


@given(st.floats(0.1, 10), st.floats(-10, 10), st.floats(1e-3, 1e3))
def test_feature_distance_is_relative(real: float, decoded: float, scale: float) -> None:
    distance = feature_distance(opinions([0.0], real), opinions([0.0], decoded)).item()
    assert distance == pytest.approx(abs(real - decoded) / real, rel=1e-4, abs=1e-5)
    scaled = feature_distance(opinions([0.0], scale * real), opinions([0.0], scale * decoded))
    assert scaled.item() == pytest.approx(distance, rel=1e-4, abs=1e-5)


def test_every_feature_map_weighs_the_same() -> None:
    small, large = torch.ones(1, 1, 1, 1), torch.ones(1, 8, 90, 90)
    real = [(small, [small, large])]
    decoded = [(small, [2 * small, large])]
    assert feature_distance(real, decoded).item() == pytest.approx(0.5)


def test_features_of_silence_are_finite() -> None:
    assert torch.isfinite(feature_distance(opinions([0.0], 0.0), opinions([0.0], 1.0)))
    assert feature_distance(opinions([0.0], 0.0), opinions([0.0], 0.0)).item() == 0


def test_real_sound_gets_no_gradient_from_the_feature_distance() -> None:
    net = Discriminator((128,), 2)
    real, decoded = torch.randn(2, 1, 1, 1024).requires_grad_().unbind()
    real.retain_grad()
    decoded.retain_grad()
    feature_distance(net(real), net(decoded)).backward()
    assert real.grad is None
    assert decoded.grad is not None
    assert decoded.grad.abs().sum() > 0


def test_the_two_play_against_each_other() -> None:
    torch.manual_seed(0)
    net = Discriminator((128,), 4)
    real = torch.sin(torch.arange(2048) * 0.1)[None, None]
    decoded = torch.randn(1, 1, 2048)
    before = discriminator_loss(net(real), net(decoded)).item()
    easy = generator_loss(net(decoded)).item()
    descend(lambda: discriminator_loss(net(real), net(decoded)), 3e-3, *net.parameters())
    assert discriminator_loss(net(real), net(decoded)).item() < 0.7 * before
    caught = generator_loss(net(decoded)).item()
    assert caught > easy
    descend(lambda: generator_loss(net(decoded)), 0.05, decoded.requires_grad_())
    assert generator_loss(net(decoded)).item() < 0.7 * caught


def descend(loss: Callable[[], Tensor], rate: float, *tensors: Tensor) -> None:
    optimiser = torch.optim.Adam(tensors, rate)
    for _ in range(40):
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
