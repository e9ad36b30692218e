import dataclasses

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from runtime.costs import time_bits
from train.config import CLIP_FRAMES, HOP, SAMPLE_RATE, load_preset
from train.objectives.sparsity import (
    Price,
    deviation,
    hinge,
    sparse_cost,
    target_density,
)

UNITS = 80
SPARSITY = dataclasses.replace(
    load_preset("tiny").sparsity, weight=2.0, ramp_start=10, ramp_end=30, density=0.1
)


def events_of(*counts: int, units: int = 8, frames: int = 32) -> torch.Tensor:
    """Clips with so many events each, in no particular place."""
    clips = torch.zeros(len(counts), units * frames)
    for clip, count in zip(clips, counts, strict=True):
        clip[torch.randperm(units * frames)[:count]] = 1
    return clips.view(len(counts), units, frames)


def kbps(bits: float) -> float:
    return bits * SAMPLE_RATE / HOP / CLIP_FRAMES / 1000


@given(st.integers(0, 14))
def test_the_cost_is_that_of_the_paper_where_its_logarithms_are_whole(power: int) -> None:
    count = 2**power
    cost = sparse_cost(torch.tensor([float(count)]), UNITS).item()
    assert cost == pytest.approx(kbps(time_bits(UNITS, CLIP_FRAMES, count)), rel=1e-5)


@given(st.integers(0, UNITS * CLIP_FRAMES))
def test_the_cost_is_at_most_the_ceilings_below_that_of_the_paper(count: int) -> None:
    cost = sparse_cost(torch.tensor([float(count)]), UNITS).item()
    paper = kbps(time_bits(UNITS, CLIP_FRAMES, count))
    assert paper - kbps(UNITS) - 1e-4 <= cost <= paper + 1e-4


@given(st.integers(0, UNITS * CLIP_FRAMES - 1))
def test_more_events_never_cost_less(count: int) -> None:
    fewer, more = sparse_cost(torch.tensor([float(count), count + 1.0]), UNITS)
    assert fewer < more


def test_below_the_budget_nothing_is_paid_and_above_it_every_event_is() -> None:
    events = events_of(20, 200).requires_grad_()
    costs = sparse_cost(events.detach().mean((1, 2)) * 8 * CLIP_FRAMES, 8)
    assert hinge(events, costs.max().item() + 0.01).item() == 0
    price = hinge(events, costs.mean().item())
    price.backward()
    dense = kbps(8 * CLIP_FRAMES)
    assert price.item() == pytest.approx((costs[1] - costs.mean()).item() / dense / 2, rel=1e-4)
    assert events.grad is not None
    assert not events.grad[0].any()  # this clip is below the budget
    assert (events.grad[1] > 0).all()


@given(st.integers(1, 255))
def test_the_hinge_has_the_slope_that_it_says(count: int) -> None:
    events = events_of(count).requires_grad_()
    hinge(events, 0.0).backward()
    assert events.grad is not None
    step = torch.full_like(events, 1e-3)
    rise = hinge(events.detach() + step, 0.0) - hinge(events.detach() - step, 0.0)
    assert (events.grad * 2 * step).sum().item() == pytest.approx(rise.item(), rel=0.02)


@given(st.integers(0, 30))
def test_the_target_halves_every_four_mu(mu: int) -> None:
    first, second = target_density(torch.tensor([mu, mu + 4]))
    assert second.item() == pytest.approx(first.item() / 2)
    assert target_density(torch.tensor([0])).item() == 1


@given(st.integers(0, 8))
def test_the_deviation_is_zero_at_the_target_and_nowhere_else(octaves: int) -> None:
    mu, count = torch.tensor([4 * octaves]), 256 >> octaves
    assert deviation(events_of(count), mu).item() == pytest.approx(0, abs=1e-6)
    for other in (count // 2, min(256, 2 * count)):
        if other != count:
            assert deviation(events_of(other), mu).item() > 0.2


@pytest.mark.parametrize(("count", "sign"), [(8, -1), (128, 1)])
def test_the_deviation_draws_towards_the_target(count: int, sign: int) -> None:
    events = events_of(count).requires_grad_()
    deviation(events, torch.tensor([12])).backward()  # 32 of 256
    assert events.grad is not None
    assert (sign * events.grad > 0).all()


def test_no_event_at_all_has_a_finite_price_that_asks_for_some() -> None:
    events = torch.zeros(2, 8, 32, requires_grad=True)
    price = deviation(events, torch.tensor([8, 24])) + hinge(events, 0.0)
    price.backward()
    assert events.grad is not None
    assert torch.isfinite(price)
    assert (events.grad < 0).all()


def test_the_price_is_zero_then_grows_then_is_held_by_steps() -> None:
    price = Price(SPARSITY)
    weights = []
    for step in range(50):
        weights.append(price.weight(step))
        price.follow(step, 0.5)
    assert weights[:11] == [0.0] * 11
    assert weights[20] == pytest.approx(1.0)
    assert weights[30:] == [2.0] * 20
    assert weights == sorted(weights)


def test_the_price_is_held_where_the_density_has_come_down() -> None:
    price = Price(SPARSITY)
    for step in range(10):
        price.follow(step, 0.0)  # even far below the density nothing is held before the ramp
    price.density.fill_(0.5)
    for step in range(10, 16):
        price.follow(step, 0.5)
    growing = price.weight(16)
    for step in range(16, 400):
        price.follow(step, 0.05)
    assert growing < price.weight(16) == price.weight(10**6)
    assert price.weight(0) == price.weight(400)
    assert 0 < price.weight(400) <= 2.0


def test_a_price_that_settled_does_not_start_anew_in_the_next_stage() -> None:
    price = Price(SPARSITY)
    price.settle(20)
    assert price.weight(0) == price.weight(1000) == pytest.approx(1.0)
    price.settle(30)
    assert price.weight(0) == pytest.approx(1.0)


def test_relief_halves_the_price_for_good() -> None:
    price = Price(SPARSITY)
    before = price.weight(20)
    price.relieve()
    assert price.weight(20) == before / 2
    price.settle(30)
    assert price.weight(99) == 1.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60), st.integers(0, 3))
def test_a_restored_price_goes_on_exactly(densities: list[float], reliefs: int) -> None:
    whole, first = Price(SPARSITY), Price(SPARSITY)
    for step, density in enumerate(densities):
        whole.follow(step, density)
        first.follow(step, density)
    for _ in range(reliefs):
        whole.relieve()
        first.relieve()
    second = Price(SPARSITY)
    second.load_state_dict({name: t.clone() for name, t in first.state_dict().items()})
    for step in range(len(densities), len(densities) + 30):
        whole.follow(step, 0.08)
        second.follow(step, 0.08)
        assert second.weight(step) == whole.weight(step)
