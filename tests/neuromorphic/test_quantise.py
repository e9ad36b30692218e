from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.chips.arithmetic import LAVA, Arithmetic, arithmetic
from neuromorphic.chips.catalogue import load_chip
from neuromorphic.graphs import STEP
from neuromorphic.graphs.dialects import dialect
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.graphs.synapses import Conv1d
from neuromorphic.integers.entry import LEAST, best_entry, to_payload
from neuromorphic.integers.network import check, run_network
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.netx_reader import read_netx
from neuromorphic.integers.nir_forms import exact_graph
from neuromorphic.lava.driver import run_on_lava
from neuromorphic.quantise import quantise
from runtime.errors import ChipError, GraphError

seeds = st.integers(0, 2**32 - 1)


def graph_of(seed, graded):
    """A convolution with memory, then a matrix and units without: floats of any size."""
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.integers(-3, 4)
    shape = (3, 8)
    one, zero = np.ones(shape), np.zeros(shape)
    level = rng.uniform(0.3, 1, (3, 1)) * one  # one a channel, so that the kernel can stay shared
    nodes = {
        "in": nir.Input({"input": np.array([2, 8])}),
        "conv": nir.Conv1d(8, rng.normal(0, size, (3, 2, 3)), 1, 1, 1, 1, rng.normal(0, size, 3)),
        "lif": nir.LIF(5 * STEP * one, one, zero, size * level, v_reset=zero),
        "flat": nir.Flatten({"input": np.array(shape)}, 0, 1),
        "affine": nir.Affine(rng.normal(0, 1, (6, 24)), rng.normal(0, 0.3, 6)),
        "out_units": nir.Threshold(np.full(6, 0.5)),
        "out": nir.Output({"output": np.array([6])}),
    }
    names = list(nodes)
    x = rng.normal(0, 1, (100, 2, 8)) if graded else rng.integers(0, 2, (100, 2, 8)).astype(float)
    return parse_graph(nir.NIRGraph(nodes, list(pairwise(names)))), x


def flat(x):
    return x.reshape(len(x), -1).T


@settings(max_examples=8)
@given(seed=seeds, graded=st.booleans())
def test_what_is_reported_is_what_differs(seed, graded):
    graph, x = graph_of(seed, graded)
    found = quantise(graph, x, STEP)
    check(found.network, LAVA)
    payload = to_payload(flat(x), found.entry.exponent)
    spikes = run_network(found.network, payload)
    wanted = flat(run_graph(graph, x, STEP)) > 0.5
    assert found.flips == np.count_nonzero(spikes != wanted)
    assert found.compared == spikes.size
    assert found.flips < 0.2 * found.compared  # random weights lie anywhere around thresholds
    assert graded == found.entry.is_graded
    assert [report.name for report in found.layers] == ["lif", "out_units"]


def test_a_quantised_graph_runs_on_lava_bit_for_bit():
    graph, x = graph_of(1, graded=False)
    network = quantise(graph, x, STEP).network
    assert isinstance(network.layers[0].connections[0].synapse, Conv1d)
    payload = flat(x[:40]).astype(np.int8)
    ours = run_network(network, payload)
    assert 0 < ours.mean() < 1
    assert np.array_equal(run_on_lava(network, payload), ours)


@settings(max_examples=5)
@given(seed=seeds)
def test_units_of_unlike_weights_get_a_threshold_each(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    one = np.ones(6)
    weight = rng.normal(0, 1, (6, 9)) * 10.0 ** np.linspace(-1, 0, 6)[:, None]
    units = nir.IF(one, 0.3 * np.abs(weight).sum(axis=1))
    graph = parse_graph(nir.NIRGraph.from_list(nir.Linear(weight), units))
    x = (rng.random((200, 9)) < 0.4).astype(float)
    found = quantise(graph, x, 1.0)
    assert found.flips < 0.02 * found.compared
    if not found.flips:
        return
    (report,) = found.layers
    assert report.scale_most > 2 * report.scale_least
    assert not found.network.is_memoryless
    path = tmp_path_factory.mktemp("net") / "a.net"
    write_netx(found.network, path)
    payload = x.T.astype(np.int8)
    assert np.array_equal(
        run_network(read_netx(path), payload), run_network(found.network, payload)
    )


@settings(max_examples=10)
@given(seed=seeds)
def test_a_layer_on_the_grid_already_loses_nothing(make_layer, make_payload, seed):
    layer = make_layer(seed, shift=0, inputs=7)
    payload = make_payload(layer, seed, 60)
    found = quantise(parse_graph(exact_graph(layer.exact)), payload.T, STEP)
    assert found.entry.exponent == 0
    assert np.array_equal(run_network(found.network, payload), layer.spikes(payload))


@settings(max_examples=4)
@given(seed=seeds)
def test_fewer_bits_are_kept_to_and_flip_more(seed):
    graph, x = graph_of(seed, graded=False)
    narrow = Arithmetic(weight_bits=3)
    found = quantise(graph, x, STEP, narrow)
    check(found.network, narrow)
    assert found.layers[0].flips >= quantise(graph, x, STEP).layers[0].flips


def test_the_payload_is_clipped_to_what_a_spike_carries():
    x = np.array([[-1000.0, -0.6, 0.4, 0.6, 1000.0]])
    assert to_payload(x, 0).tolist() == [[-127, -1, 0, 1, 127]]
    assert to_payload(x, 0, Arithmetic(payload_bits=1)).tolist() == [[0, 0, 0, 1, 1]]
    assert to_payload(x, 3)[0, 1] == -5


def integrator(r, weight):
    """One unit that hears itself, and one input."""
    nodes = {
        "in": nir.Input({"input": np.array([1])}),
        "if": nir.IF(np.full(1, r), np.ones(1)),
        "back": nir.Linear(np.full((1, 1), weight)),
        "out": nir.Output({"output": np.array([1])}),
    }
    edges = [("in", "if"), ("if", "back"), ("back", "if"), ("if", "out")]
    return parse_graph(nir.NIRGraph(nodes, edges))


def test_a_threshold_far_from_all_weights_is_rounded_and_not_a_bias_too_large():
    found = quantise(integrator(1e-9, 1.0), np.ones((9, 1)), 1.0)
    assert (found.flips, found.network.layers[0].neuron.bias.any()) == (0, False)


@pytest.mark.filterwarnings("error")
def test_spikes_that_run_away_are_refused():
    with pytest.raises(GraphError, match="node 'if': its spikes run away, 1,073,741,824"):
        quantise(integrator(1.0, 100.0), np.ones((20, 1)), 1.0, dialect=dialect("sinabs"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("size", [1e300, 1e-300, 5e-324])
def test_an_input_of_any_size_has_a_scale(size):
    x = np.array([[1.0, -0.5, 0.25]]) * size
    entry = best_entry(x)
    payload = to_payload(x, entry.exponent)
    assert entry.is_graded
    assert size < LEAST or np.abs(payload).max() > 60


def test_the_widths_are_those_of_the_chip():
    assert arithmetic(load_chip("loihi2")) == LAVA
    assert arithmetic(load_chip("loihi1")) == Arithmetic(payload_bits=1)
    with pytest.raises(ChipError, match=r"spinnaker1: limits.weight_bits is not published"):
        arithmetic(load_chip("spinnaker1"))
