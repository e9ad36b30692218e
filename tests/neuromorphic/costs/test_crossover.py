from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.counts import Counts
from neuromorphic.costs.crossover import (
    BASELINES,
    IDEAL,
    THRESHOLDS,
    baselines,
    crossover,
    verdict,
)
from neuromorphic.costs.ledger import bill
from runtime.errors import ChipError

FRAMES, UNITS, INPUTS = 1000, 80, 128


def run(events: int) -> Counts:
    """A layer on so many one-bit events, in frames that are all driven."""
    nothing = Counts(**dict.fromkeys(Counts.__dataclass_fields__, 0))
    macs = FRAMES * UNITS * INPUTS
    return replace(
        nothing,
        units=UNITS,
        inputs=INPUTS,
        steps=FRAMES,
        plane_spikes=events,
        plane_events=events * UNITS,
        driven_updates=FRAMES * UNITS,
        dense_macs=macs,
        weight_words=macs // 8,
    )


@given(events=st.integers(1000, 500_000))
def test_at_the_crossover_both_cost_the_same(events: int) -> None:
    chip, seconds = load_chip("loihi1"), 20.0
    found = crossover(chip, load_chip(IDEAL), run(events), seconds)
    assert found is not None
    assert found.rate == events / seconds
    equal = crossover(chip, load_chip(IDEAL), run(round(found.per_s[1] * seconds)), seconds)
    assert equal is not None
    assert equal.chip_j[1] == pytest.approx(equal.baseline_j[1], rel=1e-3)
    assert found.per_s[0] <= found.per_s[1] <= found.per_s[2]


def test_units_alone_may_cost_more_than_the_whole_baseline() -> None:
    found = crossover(load_chip("spinnaker1"), load_chip(IDEAL), run(1000), 20.0)
    assert found is not None
    assert found.per_s == (0.0, 0.0, 0.0)


def test_an_event_costs_what_the_bill_says() -> None:
    chip = load_chip("loihi1")
    one, two = (bill(chip, {"a": run(n)}, 0.0).dynamic_j for n in (1000, 2000))
    found = crossover(chip, load_chip("gap9"), run(1000), 20.0)
    assert found is not None
    assert found.baseline_j[1] == pytest.approx(
        one + (found.per_s[1] * 20.0 - 1000) * (two - one) / 1000
    )


def test_nothing_is_compared_without_every_price() -> None:
    assert crossover(load_chip("akida"), load_chip(IDEAL), run(1000), 20.0) is None


def test_the_published_rates_are_bounds_from_above() -> None:
    assert all(verdict(0.1).values())
    assert not any(verdict(4.0).values())
    assert sum(verdict(0.5).values()) == 2
    assert len(verdict(1.0)) == len(THRESHOLDS)


def test_the_ideal_baseline_never_comes_alone() -> None:
    assert [chip.name for chip in baselines("gap9")] == ["gap9"]
    for chosen in (None, IDEAL):
        assert [chip.name for chip in baselines(chosen)] == list(BASELINES)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gap10", "baseline 'gap10' does not exist; use one of gap9, ndp120, stm32u5, int8-45nm"),
        ("loihi1", "loihi1 has no price of a product"),
        ("spinnaker2", "spinnaker2 has no price of a product"),
        ("none.toml", "none.toml"),
    ],
)
def test_a_baseline_that_does_not_exist(name: str, words: str) -> None:
    with pytest.raises(ChipError, match=words):
        baselines(name)
