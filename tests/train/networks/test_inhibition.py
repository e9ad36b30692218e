import copy
import functools

import numpy as np
import pytest
import torch

from neuromorphic.integers.exact import network_of
from neuromorphic.integers.layer import BIAS_MAX, PAYLOAD_MAX, WEIGHT_MAX
from neuromorphic.integers.network import run_network
from train.networks.bottleneck import network_events
from train.networks.inhibition import REACH, SHIFT, Inhibition, SubStep
from train.networks.price import CHANNELS, Price

LATENT, UNITS, GROUPS = 12, 20, 4
MU = torch.tensor([4, 8, 12, 16])
Priced = tuple[Inhibition, torch.Tensor]


def trained(sweeps: int = 2) -> tuple[Inhibition, torch.Tensor]:
    """Inhibition that has seen a batch `(B, M, T)`, and that batch; a test may change both."""
    return copy.deepcopy(_trained(sweeps))


@functools.cache
def _trained(sweeps: int) -> tuple[Inhibition, torch.Tensor]:
    torch.manual_seed(0)
    mixed = torch.randn(LATENT, LATENT)
    latent = torch.einsum("mk,bkt->bmt", mixed, torch.randn(4, LATENT, 50))
    network = Inhibition(LATENT, UNITS, GROUPS, sweeps)
    for _ in range(200):  # until the running statistics are those of the batch
        network(latent)
    return network.eval(), latent


def said(network: Inhibition, latent: torch.Tensor) -> torch.Tensor:
    return network.payload(latent) / 32


def test_events_are_zeros_and_ones_and_are_heard_as_they_are_coded() -> None:
    network, latent = trained()
    coded = network(latent)
    assert coded.events.shape == (4, UNITS, 50)
    assert set(coded.events.unique().tolist()) == {0.0, 1.0}
    torch.testing.assert_close(coded.heard, network.hear(coded.events), atol=1e-5, rtol=1e-5)


def test_a_chunk_has_the_events_of_the_whole() -> None:
    network, latent = trained()
    assert torch.equal(network(latent[..., 7:19]).events, network(latent).events[..., 7:19])


def test_groups_and_sweeps_leave_less_of_the_latent() -> None:
    network, latent = trained()

    def left(sweeps: int) -> float:
        network.sweeps = sweeps
        return (said(network, latent) - network(latent).heard).square().mean().item()

    alone = left(0)
    assert alone < 0.5 * said(network, latent).square().mean().item()
    assert left(2) <= left(1) < alone


def test_each_sub_step_lies_on_the_grid_of_a_chip() -> None:
    network, latent = trained()
    payload = network.payload(latent).transpose(1, 2).flatten(0, 1)
    assert torch.equal(payload, payload.round())
    assert payload.abs().max() <= PAYLOAD_MAX
    for step in network.first_pass() + network.sweep():
        for values, limit in (
            (step.weight, WEIGHT_MAX),
            (step.lateral, WEIGHT_MAX),
            (step.bias, BIAS_MAX),
        ):
            assert torch.equal(values, values.round())
            assert values.abs().max() <= limit
        assert reach(step) < 2**20


def reach(step: SubStep) -> float:
    inhibition = 2**step.exponent * step.lateral.abs().sum(1) + step.bias.abs()
    return (PAYLOAD_MAX * step.weight.abs().sum(1) + 2**SHIFT * inhibition).max().item()


def test_a_group_is_deaf_to_itself_and_to_those_after_it() -> None:
    network, _ = trained()
    for number, step in enumerate(network.first_pass()):
        assert not step.lateral[:, number * UNITS // GROUPS :].any()
    for step in network.sweep():
        own = step.lateral[:, step.units]
        assert not own.diagonal().any()


def test_a_sweep_turns_a_unit_where_that_shortens_the_rest() -> None:
    network, latent = trained(sweeps=0)
    payload = said(network, latent).transpose(1, 2).flatten(0, 1)
    events = network(latent).events.transpose(1, 2).flatten(0, 1)
    signs = 2 * events - 1
    rest = payload - signs @ network.take
    gain = 2 * signs * (rest @ network.take.T) + 2 * network.take.square().sum(1)
    some = False
    for step in network.sweep():
        turned = (step.level(32 * payload, events) > 0).float() != events[:, step.units]
        wanted = gain[:, step.units] < 0
        sure = gain[:, step.units].abs() > 0.05  # what rounding does not decide
        assert torch.equal(turned[sure], wanted[sure])
        some = some or bool(turned.any())
    assert some


def test_gradients_reach_all_that_is_trained() -> None:
    network, latent = trained()
    network.train()
    latent.requires_grad_()
    coded = network(latent)
    (coded.heard.square().mean() + coded.remainder).backward()
    for tensor in (latent, *network.parameters()):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_any_size_of_weights_fits_the_grid(factor: float) -> None:
    network, _ = trained()
    with torch.no_grad():
        network.take.mul_(factor)
        network.read.mul_(factor)
    assert all(reach(step) <= 1.02 * REACH for step in network.first_pass() + network.sweep())


@pytest.mark.parametrize("sweeps", [0, 2])
def test_a_chip_fires_as_what_was_trained(sweeps: int) -> None:
    network, latent = trained(sweeps)
    layers = network.freeze()
    assert len(layers) == GROUPS * (1 + sweeps) + 1
    payload = network.payload(latent)
    trained_events = network(latent).events
    assert torch.equal(network_events(payload, layers), trained_events)
    frames = payload.transpose(0, 1).flatten(1).detach().numpy().astype(np.int8)
    spikes = run_network(network_of(layers), frames)
    assert np.array_equal(spikes, trained_events.transpose(0, 1).flatten(1).numpy() > 0)


def taught(price: Price) -> Priced:
    """A code trained for a while to represent a batch `(B, M, T)` with few events; the batch.

    The clips of the batch have mu 4, 8, 12 and 16.
    """
    torch.manual_seed(0)
    mixed = torch.randn(LATENT, LATENT)
    latent = torch.einsum("mk,bkt->bmt", mixed, torch.randn(4, LATENT, 50))
    network = Inhibition(LATENT, UNITS, GROUPS, 2, price)
    optimiser = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(600):
        optimiser.zero_grad()
        network(latent, MU).remainder.backward()
        optimiser.step()
    return network.eval(), latent


@pytest.fixture(scope="module")
def priced() -> Priced:
    return taught(Price(torch.tensor([0.1])))


@pytest.fixture(scope="module")
def rated() -> Priced:
    return taught(Price(2.0 ** -(torch.arange(9, 15) / 4), 9))


def test_the_price_steers_the_density(priced: Priced) -> None:
    network, latent = copy.deepcopy(priced)
    events = network(latent).events
    assert 0.08 < events.mean() < 0.12
    assert network.price is not None
    assert network.price.value > 0
    before = network.price.value.clone()
    network(latent)
    assert network.price.value == before, "only training moves it"


def test_the_price_follows_a_settled_code_which_still_learns(priced: Priced) -> None:
    network, latent = copy.deepcopy(priced)
    assert network.price is not None
    network.train()
    network.latent_norm.eval()
    before = network.price.value.clone()
    network(latent * 5)
    assert network.price.value > before


def test_each_mu_has_its_density(rated: Priced) -> None:
    network, latent = copy.deepcopy(rated)
    wanted = 2.0 ** -(torch.tensor([9, 9, 12, 14]) / 4)  # beyond the ends as at the ends
    density = network(latent, MU).events.mean((1, 2))
    torch.testing.assert_close(density, wanted, atol=0.03, rtol=0.15)


def test_payloads_tell_the_price(rated: Priced) -> None:
    network, latent = copy.deepcopy(rated)
    price = network.price
    assert price is not None
    payload = network.payload(latent, MU)
    assert payload.shape == (4, LATENT + CHANNELS, 50)
    told = payload[:, LATENT:, 0].sum(1) / (CHANNELS * PAYLOAD_MAX)
    torch.testing.assert_close(told * price.highest(), price.of(MU), atol=0.01, rtol=0.01)
    assert torch.equal(payload[:, LATENT:], payload[:, LATENT:].round())


def test_an_event_pays_for_itself(priced: Priced) -> None:
    """After the sweeps an event of almost any unit shortens the rest by more than its price."""
    network, latent = copy.deepcopy(priced)
    network.sweeps = 8
    payload = said(network, latent).transpose(1, 2).flatten(0, 1)
    events = network(latent).events.transpose(1, 2).flatten(0, 1)
    heard = network.hear(events.T[None])[0].T
    left = (payload - heard).square().sum(1)
    assert network.price is not None
    price = network.price.value * LATENT / UNITS
    right = []
    for unit in range(UNITS):
        turned = events.clone()
        turned[:, unit] = 1 - turned[:, unit]
        other = (payload - network.hear(turned.T[None])[0].T).square().sum(1)
        fires = events[:, unit] == 1
        right.append(torch.where(fires, other - left > price, left - other < price))
    assert torch.stack(right).float().mean() > 0.97


@pytest.mark.parametrize("name", ["priced", "rated"])
def test_a_chip_fires_as_a_sparse_code_was_trained(
    name: str, request: pytest.FixtureRequest
) -> None:
    network, latent = copy.deepcopy(request.getfixturevalue(name))
    payload, events = network.payload(latent, MU), network(latent, MU).events
    assert torch.equal(network_events(payload, network.freeze()), events)
    assert events.any()
