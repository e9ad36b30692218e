"""Several memoryless layers that hear each other are the same in every form."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs import STEP
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.integers.exact import Arm, ExactLayer, levels, network_of
from neuromorphic.integers.network import INPUT, run_network
from neuromorphic.integers.nir_forms import exact_graph, layers_of, portable_graph
from runtime.errors import GraphError

INPUTS = 5
seeds = given(st.integers(0, 2**32 - 1))


def drawn(seed: int) -> tuple[tuple[ExactLayer, ...], npt.NDArray[np.int8]]:
    """Layers that hear the input and some before them, the last one all, and a payload."""
    rng = np.random.default_rng(seed)
    layers: list[ExactLayer] = []
    last = int(rng.integers(0, 4))
    for number in range(last + 1):
        units = int(rng.integers(1, 4))
        arms = [Arm(INPUT, rng.integers(-127, 128, (units, INPUTS)), -int(rng.integers(0, 5)))]
        for source in range(number):
            if number == last or rng.random() < 0.7:
                weight = rng.integers(-127, 128, (units, len(layers[source].bias)))
                arms.append(Arm(source, weight, int(rng.integers(0, 4))))
        bias = rng.integers(-4000, 4000, units)
        layers.append(ExactLayer(f"layer{number}", tuple(arms), bias))
    payload = rng.integers(-127, 128, (INPUTS, 40)).astype(np.int8)
    return tuple(layers), payload


@seeds
def test_every_form_spikes_alike(seed: int) -> None:
    layers, payload = drawn(seed)
    spikes = run_network(network_of(layers), payload)
    assert np.array_equal(list(levels(layers, payload))[-1] > 0, spikes)
    for build in (exact_graph, portable_graph):
        made = run_graph(parse_graph(build(layers)), payload.T, STEP)
        assert np.array_equal(made.T > 0.5, spikes)


@settings(max_examples=30)
def source_of(arm: Arm, layers: Sequence[ExactLayer]) -> str:
    return "input" if arm.source == INPUT else layers[arm.source].name


@seeds
def test_layers_come_back(seed: int) -> None:
    layers, _ = drawn(seed)
    for build in (exact_graph, portable_graph):
        again = layers_of(parse_graph(build(layers)))
        # Layers that do not depend on each other may come in another order.
        named = {layer.name: layer for layer in again}
        for one in layers:
            other = named[one.name] if len(layers) > 1 else again[0]  # a single one has no prefix
            assert np.array_equal(one.bias, other.bias)
            assert len(one.arms) == len(other.arms)
            for arm, found in zip(one.arms, other.arms, strict=True):
                assert arm.exponent == found.exponent
                assert source_of(arm, layers) == source_of(found, again)
                assert np.array_equal(arm.weight, found.weight)


@seeds
def test_bounds_hold(seed: int) -> None:
    layers, payload = drawn(seed)
    for layer, level in zip(layers, levels(layers, payload), strict=True):
        most = layer.bounds(127) + np.abs(layer.offset)
        assert (np.abs(level) <= most[:, None]).all()
        assert (np.abs(level) >= 0.5).all()
        assert (most / 2**layer.shift <= layer.chip_bounds(127) + np.abs(layer.bias) + 1).all()


def test_two_floored_sums_are_refused() -> None:
    arms = (Arm(INPUT, np.ones((1, 2), np.int64), -1), Arm(0, np.ones((1, 2), np.int64), -2))
    with pytest.raises(GraphError, match="floors several sums"):
        ExactLayer("twice", arms, np.zeros(1, np.int64))
