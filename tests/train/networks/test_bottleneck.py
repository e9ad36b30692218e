import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.networks.bottleneck import Bottleneck, Heaviside, freeze, network_events


@given(st.lists(st.floats(-3, 3, width=32), min_size=1, max_size=20))
def test_the_step_is_strict_and_its_gradient_is_a_triangle(levels: list[float]) -> None:
    level = torch.tensor(levels, requires_grad=True)
    fired = Heaviside.apply(level)
    fired.sum().backward()
    assert level.grad is not None
    np.testing.assert_array_equal(fired.detach().numpy(), (np.array(levels, np.float32) > 0))
    np.testing.assert_allclose(
        level.grad.numpy(), np.maximum(0, 1 - np.abs(np.array(levels, np.float32))), atol=1e-6
    )


def settled(seed: int, latent: int = 16, units: int = 8) -> Bottleneck:
    """A bottleneck with statistics and signs as training might leave them."""
    generator = torch.Generator().manual_seed(seed)
    bottleneck = Bottleneck(latent, units, on_grid=True)
    with torch.no_grad():
        bottleneck.linear.weight.normal_(generator=generator)
        bottleneck.norm.weight.normal_(generator=generator)
        bottleneck.norm.bias.normal_(generator=generator)
    bottleneck.train()
    for _ in range(60):
        bottleneck(torch.randn(4, latent, 32, generator=generator))
    return bottleneck.eval()


@given(st.integers(0, 10**6))
@settings(max_examples=15)
def test_the_frozen_layer_fires_as_the_trained_one(seed: int) -> None:
    bottleneck = settled(seed)
    latent = torch.randn(2, 16, 200, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        payload = bottleneck.payload(latent)
        trained = bottleneck(latent)
    assert torch.equal(network_events(payload, freeze(bottleneck).exact), trained)


@given(st.integers(0, 10**6))
@settings(max_examples=15)
def test_the_frozen_threshold_is_that_of_batch_norm(seed: int) -> None:
    bottleneck = settled(seed)
    latent = torch.randn(2, 16, 200, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        payload = bottleneck.payload(latent)
        sums = torch.nn.functional.conv1d(payload, bottleneck.integer_weight().unsqueeze(2))
        normal = bottleneck.norm(sums) > 0
    # Equal but where the sum lies within half a step of the bias's grid from the threshold.
    assert (network_events(payload, freeze(bottleneck).exact) != normal).float().mean() < 3e-3


@given(st.integers(0, 10**6))
@settings(max_examples=15)
def test_torch_and_the_integer_executor_give_the_same_bits(seed: int) -> None:
    layer = freeze(settled(seed))
    rng = np.random.default_rng(seed)
    payload = rng.integers(-127, 128, (16, 300)).astype(np.int8)
    expected = (
        network_events(torch.from_numpy(payload.astype(np.float32))[None], layer.exact)[0] > 0
    )
    np.testing.assert_array_equal(layer.spikes(payload), expected.numpy())


def test_payloads_are_integers_that_fit_eight_bits() -> None:
    payload = settled(0).payload(100 * torch.randn(1, 16, 50))
    assert torch.equal(payload, payload.round())
    assert payload.abs().max() == 127


def test_gradients_reach_the_latent_through_rounding_and_step() -> None:
    bottleneck = settled(1).train()
    latent = torch.randn(2, 16, 32, requires_grad=True)
    (bottleneck(latent) * torch.randn(2, 8, 32)).sum().backward()
    assert latent.grad is not None
    assert latent.grad.abs().sum() > 0
    assert bottleneck.linear.weight.grad is not None


@pytest.mark.parametrize("on_grid", [True, False])
def test_events_are_zeros_and_ones(on_grid: bool) -> None:
    events = Bottleneck(16, 8, on_grid)(torch.randn(3, 16, 20))
    assert set(events.unique().tolist()) <= {0.0, 1.0}
    assert events.shape == (3, 8, 20)


@pytest.mark.parametrize("on_grid", [True, False])
@pytest.mark.parametrize("training", [True, False])
def test_half_precision_changes_no_event(on_grid: bool, training: bool) -> None:
    latent = torch.randn(2, 16, 300)
    bottleneck = settled(3).train(training)
    bottleneck.on_grid = on_grid
    expected = bottleneck(latent)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = bottleneck(latent)
    assert mixed.dtype == torch.float32
    assert torch.equal(mixed, expected)
