from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.integers.lowering import lower
from neuromorphic.integers.network import INPUT
from neuromorphic.lava.driver import run_on_lava
from runtime.errors import GraphError

DT = 2.0**-10
seeds = st.integers(0, 2**32 - 1)


def population(rng, shape, kind):
    """Units whose values are small multiples of 1/4, so that float64 rounds nothing here."""
    quarters = rng.integers(1, 5, shape) / 4
    zero, one = np.zeros(shape), np.ones(shape)
    tau = DT * rng.choice([1.0, 2.0], shape)
    match kind:
        case "Threshold":
            return nir.Threshold(quarters - 0.5)
        case "IF":
            return nir.IF(r=one / DT, v_threshold=one, v_reset=zero)
        case "LIF":
            return nir.LIF(tau, r=one, v_leak=quarters, v_threshold=2 * one, v_reset=zero)
    return nir.CubaLIF(tau, tau[::-1], r=one, v_leak=zero, v_threshold=one, v_reset=zero, w_in=one)


def graph_of(seed):
    """Convolution, units, matrix and scale with a way around them, units; no bias into currents."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(["Threshold", "IF", "LIF", "CubaLIF"], 2)
    bias = rng.integers(-2, 3, 2) / 4 * (kinds[0] != "CubaLIF")
    nodes = {
        "in": nir.Input({"input": np.array([2, 5])}),
        "conv": nir.Conv1d(5, rng.integers(-4, 5, (2, 2, 3)) / 4, 1, "same", 1, 1, bias),
        "first": population(rng, (2, 5), kinds[0]),
        "flat": nir.Flatten({"input": np.array([2, 5])}, 0, 1),
        "linear": nir.Linear(rng.integers(-4, 5, (10, 10)) / 4),
        "scale": nir.Scale(rng.integers(1, 5, 10) / 4),
        "second": population(rng, (10,), kinds[1]),
        "out": nir.Output({"output": np.array([10])}),
    }
    names = list(nodes)
    edges = [*pairwise(names), ("flat", "second")]
    return parse_graph(nir.NIRGraph(nodes, edges)), rng.integers(0, 2, (20, 2, 5)).astype(float)


def spikes_of(network, x):
    found = []
    for layer in network.layers:
        current = 0
        for c in layer.connections:
            current = current + c.synapse.apply(x if c.source == INPUT else found[c.source])
        found.append(fired(current, layer.neuron))
    return found[-1]


def fired(current, neuron):
    """Lava's LIF in floats."""
    u, v = np.zeros((2, len(current)))
    spikes = np.empty(current.shape, bool)
    for t in range(current.shape[1]):
        u = u * (1 - neuron.du) + current[:, t]
        v = v * (1 - neuron.dv) + u + neuron.bias
        spikes[:, t] = v > neuron.vth
        v[spikes[:, t]] = 0
    return spikes


def flat(x):
    return x.reshape(len(x), -1).T


@given(seed=seeds)
def test_a_lowered_graph_spikes_as_the_graph(seed):
    graph, x = graph_of(seed)
    network = lower(graph, DT)
    assert [layer.name for layer in network.layers] == ["first", "second"]
    assert np.array_equal(spikes_of(network, flat(x)), flat(run_graph(graph, x, DT)) > 0.5)


@pytest.mark.parametrize("seed", [0, 3])
def test_it_does_so_on_lava_in_floating_point(seed):
    graph, x = graph_of(seed)
    expected = flat(run_graph(graph, x, DT)) > 0.5
    assert 0 < expected.mean() < 1
    assert np.array_equal(run_on_lava(lower(graph, DT), flat(x), "floating"), expected)


def chain(*nodes, width=2):
    """Return the nodes between an Input and an Output of one width."""
    named = {
        "in": nir.Input({"input": np.array([width])}),
        **{f"n{i}": node for i, node in enumerate(nodes)},
        "out": nir.Output({"output": np.array([width])}),
    }
    names = list(named)
    return parse_graph(nir.NIRGraph(named, list(pairwise(names))))


def lif(**changes):
    given = {"tau": DT, "r": 1.0, "v_leak": 0.0, "v_threshold": 1.0, "v_reset": 0.0} | changes
    return nir.LIF(**{name: np.full(2, value) for name, value in given.items()})


def biased():
    return nir.Affine(np.eye(2), np.ones(2))


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (chain(lif(v_reset=2.0)), "node 'n0': v_threshold is -1 above v_reset"),
        (chain(lif(v_threshold=0.0)), "node 'n0': v_threshold is 0"),
        (chain(lif(tau=DT / 2)), "node 'n0': dt"),
        (chain(nir.Scale(np.ones(2))), "node 'out': its output is not the spikes of one node"),
        (chain(lif(), nir.Scale(np.full(2, 0.5))), "node 'out': its output is not the spikes"),
        (chain(lif(), nir.Delay(np.full(2, DT))), "node 'out': its output is not the spikes"),
        (chain(nir.Delay(np.full(2, DT / 2)), lif()), "node 'n0': delay 0.000488281 s is no whole"),
        (chain(nir.Delay(np.full(2, 63 * DT)), lif()), "node 'n0': waits for 63 steps"),
        (chain(biased(), nir.Delay(np.array([0, DT])), lif()), "node 'n1': delays a constant"),
        (chain(nir.LI(np.ones(2), np.ones(2), np.zeros(2))), "node 'n0': LI cannot become units"),
    ],
)
def test_refuses_by_name_what_no_chip_does(graph, words):
    with pytest.raises(GraphError, match=words):
        lower(graph, DT)


def test_a_constant_into_a_current_settles_in_the_voltage():
    ones = np.ones(2)
    cuba = nir.CubaLIF(
        4 * DT * ones, 4 * DT * ones, ones, 0 * ones, 100 * ones, v_reset=0 * ones, w_in=ones
    )
    affine = nir.Affine(np.eye(2), np.array([1.0, 2.0]))
    (layer,) = lower(chain(affine, cuba), DT).layers
    # Settled i = w_in bias, and each step adds r i dt / tau_mem of it, in units of the threshold.
    assert layer.neuron.bias == pytest.approx(np.array([1.0, 2.0]) / 4 / 100)
