from dataclasses import replace

import numpy as np
import pytest

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.fit import EXCEEDED, OK, UNCHECKED, fit, misfit
from neuromorphic.integers.bounds import worst_sum
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.placement import place


@pytest.fixture(scope="module")
def bottleneck():
    """A layer of the codec's size."""
    weight = np.random.default_rng(0).integers(-127, 128, (80, 128))
    return IntegerLayer(weight, np.full(80, -4093), 6).network()


def by_name(findings):
    return {finding.limit: finding for finding in findings}


def test_the_bottleneck_fits_one_core_of_loihi_1(bottleneck):
    chip = load_chip("loihi1")
    found = by_name(fit(bottleneck, chip))
    assert chip.planes(8) == 8
    assert place(bottleneck, chip).cores == found["cores"].needed == 1
    assert found["input_axons_per_core"].needed == 1024
    # A list of up to 80 weights of 8 bits that are not 0, and 10 more, in words of 64.
    reach = np.count_nonzero(bottleneck.layers[0].connections[0].synapse.weight, axis=0)
    words = [-(-(8 * int(to) + 10) // 64) for to in reach]
    assert found["synapse_memory_per_core"].needed == 8 * 64 * sum(words) <= 1024 * 704
    assert found["bias_mantissa"].needed == 4091
    assert found["weight_exponent"].needed == 7
    assert {f.verdict for f in found.values()} == {OK}
    assert misfit(tuple(found.values())) is None


def test_what_nobody_published_is_unchecked(bottleneck):
    chip = load_chip("loihi2")
    for name, finding in by_name(fit(bottleneck, chip)).items():
        assert (finding.verdict == UNCHECKED) == (chip.limits[name].range() is None)
    assert chip.planes(8) == 1


def test_what_exceeds_a_wall_is_said(bottleneck):
    findings = fit(bottleneck, load_chip("truenorth"))
    assert by_name(findings)["weight_bits"].verdict == EXCEEDED
    assert misfit(findings) == "does not fit: input_axons_per_core 1024 > 256, weight_bits 8 > 1"


def test_a_budget_stops_nothing(bottleneck):
    chip = load_chip("truenorth")
    soft = replace(chip, limits={k: replace(f, kind="budget") for k, f in chip.limits.items()})
    assert misfit(fit(bottleneck, soft)) is None


def test_the_sum_is_the_worst_case_unless_measured(bottleneck):
    chip = load_chip("loihi1")
    worst = worst_sum(bottleneck.layers[0], 8)
    assert by_name(fit(bottleneck, chip))["sum_max"].needed == worst
    for peak, verdict in ((40000, EXCEEDED), (32767, OK)):
        found = by_name(fit(bottleneck, chip, peaks={"bottleneck": peak}))
        assert found["sum_max"].verdict == verdict


@pytest.mark.parametrize("units", [1, 119, 120, 1000, 20000])
def test_a_larger_layer_is_spread_over_cores(units):
    layer = IntegerLayer(np.ones((units, 128)), np.zeros(units), 0).network()
    chip = load_chip("loihi1")
    found = by_name(fit(layer, chip))
    # 1 048 576 bits hold 1024 lists of 16 words: (1024 - 10) // 8 = 126 units.
    assert found["cores"].needed == -(-units // 126)
    assert found["chips_per_board"].needed == -(-found["cores"].needed // 128)
    assert found["cores"].verdict == OK
    assert found["synapse_memory_per_core"].verdict == OK


def test_inputs_that_no_core_holds():
    layer = IntegerLayer(np.ones((2, 20000)), np.zeros(2), 6).network()
    findings = fit(layer, load_chip("loihi1"))
    assert place(layer, load_chip("loihi1")) is None
    assert "input_axons_per_core 160000 > 4096" in str(misfit(findings))


def test_a_network_larger_than_the_largest_board(bottleneck):
    chip = load_chip("loihi1")
    few = replace(chip.limits["neurons_per_core"], value=1.0, low=1.0, high=1.0)
    one = replace(chip.limits["chips_per_board"], high=1.0)
    small = replace(chip, limits={**chip.limits, "neurons_per_core": few, "chips_per_board": one})
    layer = IntegerLayer(np.ones((129, 8)), np.zeros(129), 0).network()
    assert "cores 129 > 128" in str(misfit(fit(layer, small)))
