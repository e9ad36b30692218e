"""Graphs of every kind on a chip's integers, where rounding need not change anything."""

from dataclasses import replace
from itertools import pairwise

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs.dialects import dialect
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import graph_values
from neuromorphic.graphs.synapses import Conv2d
from neuromorphic.integers.network import run_network
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.netx_reader import read_netx
from neuromorphic.lava.driver import run_netx, run_on_lava
from neuromorphic.opening import OpenNetwork
from neuromorphic.quantise import quantise
from runtime.errors import GraphError

DIALECTS = (
    "nir",
    "snntorch",
    "snntorch,reset=zero",
    "sinabs",
    "sinabs,floor",
    "sinabs,reset=zero",
    "spikingjelly",
    "norse",
)
seeds = st.integers(0, 2**32 - 1)


def quarters(rng, *shape, low=-6, high=8):
    return rng.integers(low, high, shape) / 4


def integrators(shape, v_reset=0.0):
    return nir.IF(np.ones(shape), np.ones(shape), np.full(shape, v_reset))


def convolutional(rng, v_reset=0.0):
    """Convolution, units, pool and matrix in one, units that hear themselves, several outputs."""
    nodes = {
        "in": nir.Input({"input": np.array([1, 4, 4])}),
        "conv": nir.Conv2d(
            (4, 4), quarters(rng, 2, 1, 3, 3), 1, (1, 0), 1, 1, quarters(rng, 2, low=0, high=2)
        ),
        "first": integrators((2, 4, 2), v_reset),
        "pool": nir.SumPool2d(np.array([2, 2]), np.array([2, 2]), np.array([0, 0])),
        "flat": nir.Flatten({"input": np.array([2, 2, 1])}, 0, -1),
        "linear": nir.Linear(quarters(rng, 3, 4)),
        "second": integrators(3, v_reset),
        "back": nir.Linear(quarters(rng, 3, 3, high=1)),  # counts must not run away
        "out": nir.Output({"output": np.array([3])}),
        "early": nir.Output({"output": np.array([2, 4, 2])}),
    }
    names = list(nodes)
    edges = [*pairwise(names[:7])]
    edges += [("second", "back"), ("back", "second"), ("second", "out"), ("first", "early")]
    return parse_graph(nir.NIRGraph(nodes, edges, type_check=False))


def right(graph, x, spoken):
    values = graph_values(graph, x, 1.0, spoken)
    return np.concatenate([values[s.name].reshape(len(x), -1).T for s in graph.outputs])


@settings(max_examples=12)
@given(seed=seeds, said=st.sampled_from(DIALECTS), v_reset=st.sampled_from([0.0, 0.5, -1.0]))
def test_sums_of_quarters_lose_nothing(seed, said, v_reset):
    rng = np.random.default_rng(seed)
    graph, spoken = convolutional(rng, v_reset), dialect(said)
    x = rng.integers(0, 2, (15, 1, 4, 4)).astype(float)
    found = quantise(graph, x, 1.0, dialect=spoken)
    assert found.flips == 0
    payload = x.reshape(len(x), -1).T.astype(np.int8)
    # On a chip, a unit that hears itself may have fired on its bias before the input arrived.
    if not any(layer.neuron.bias.any() for layer in found.network.layers):
        assert np.array_equal(run_network(found.network, payload), right(graph, x, spoken))


def test_lava_runs_it_in_stock_processes_and_in_one_of_ours():
    rng = np.random.default_rng(2)
    graph = convolutional(rng, -1.0)
    x = rng.integers(0, 2, (15, 1, 4, 4)).astype(float)
    for said in ("spikingjelly", "sinabs,floor"):
        opened = OpenNetwork(graph=graph, dt=1.0, dialect=dialect(said)).quantise(x)
        ours = opened.simulate(x)
        assert ours.any()
        assert np.array_equal(opened.simulate(x, "lava"), ours)


def test_several_inputs_are_one_after_the_other():
    rng = np.random.default_rng(1)
    nodes = {
        "a": nir.Input({"input": np.array([2])}),
        "b": nir.Input({"input": np.array([3])}),
        "wa": nir.Linear(quarters(rng, 4, 2)),
        "wb": nir.Linear(quarters(rng, 4, 3)),
        "if": integrators(4),
        "out": nir.Output({"output": np.array([4])}),
    }
    edges = [("a", "wa"), ("b", "wb"), ("wa", "if"), ("wb", "if"), ("if", "out")]
    opened = OpenNetwork(graph=parse_graph(nir.NIRGraph(nodes, edges)), dt=1.0)
    x = {"a": rng.integers(0, 2, (9, 2)), "b": rng.integers(0, 2, (9, 3))}
    assert np.array_equal(opened.simulate(x), opened.run(x).T > 0.5)
    assert opened.simulate(x).any()
    assert opened.fit("loihi2", x)["cores"]
    assert opened.energy(x, "loihi1")["steps"] == 9


def test_convolutions_are_in_the_netx_file_as_lava_dl_has_them(tmp_path):
    rng = np.random.default_rng(5)
    whole = convolutional(rng)
    nodes = {stage.name: stage.node for stage in whole.stages}
    names = ["in", "conv", "first", "pool", "flat", "linear", "second", "out"]
    graph = nir.NIRGraph(
        {name: nodes[name] for name in names}, [*pairwise(names)], type_check=False
    )
    x = rng.integers(0, 2, (15, 1, 4, 4)).astype(float)
    opened = OpenNetwork(graph=parse_graph(graph), dt=1.0).quantise(x)
    path = tmp_path / "network.net"
    opened.save(path)
    again, ours = read_netx(path), opened.simulate(x)
    assert isinstance(again.layers[0].connections[0].synapse, Conv2d)
    assert ours.any()
    assert np.array_equal(run_network(again, opened.payload(x)), ours)
    assert np.array_equal(opened.simulate(x, "netx"), ours)


def recurrent(rng):
    """A constant into a current, which begins at 0, and the way back as in the NIR paper."""
    ones, n = np.ones(4), 4
    cuba = nir.CubaLIF(4 * ones, 4 * ones, 4 * ones, 0 * ones, ones, 0 * ones, 4 * ones)
    nodes = {
        "in": nir.Input({"input": np.array([3])}),
        "affine": nir.Affine(quarters(rng, n, 3), quarters(rng, n, low=-1, high=2)),
        "cuba": cuba,
        "back": nir.Affine(quarters(rng, n, n), quarters(rng, n, low=-1, high=1)),
        "out": nir.Output({"output": np.array([n])}),
    }
    edges = [("in", "affine"), ("affine", "cuba"), ("cuba", "back"), ("back", "cuba")]
    return parse_graph(nir.NIRGraph(nodes, [*edges, ("cuba", "out")]))


def test_a_recurrent_network_with_its_start_is_in_its_netx_file(tmp_path):
    rng = np.random.default_rng(4)
    x = rng.integers(0, 2, (40, 3)).astype(float)
    opened = OpenNetwork(graph=recurrent(rng), dt=1.0).quantise(x)
    assert opened.rounding.flips <= 2
    path = tmp_path / "network.net"
    write_netx(opened.network, path, entry=opened.entry)
    again, payload = read_netx(path), opened.payload(x)
    ours = run_network(opened.network, payload)
    assert 0 < ours.mean() < 1
    assert np.array_equal(run_network(again, payload), ours)
    assert np.array_equal(run_netx(path, again, payload, bits=1), ours)
    assert np.array_equal(run_on_lava(again, payload), ours)


@settings(max_examples=8)
@given(seed=seeds, said=st.sampled_from(DIALECTS))
def test_a_cycle_of_two_neurons_runs_in_integers_and_not_on_lava(seed, said):
    rng, spoken = np.random.default_rng(seed), dialect(said)
    nodes = {
        "in": nir.Input({"input": np.array([2])}),
        "a": integrators(2),
        "w": nir.Linear(quarters(rng, 2, 2)),
        "b": integrators(2),
        "back": nir.Linear(quarters(rng, 2, 2, high=1)),
        "out": nir.Output({"output": np.array([2])}),
    }
    names = ("in", "a", "w", "b", "back", "a")
    graph = parse_graph(nir.NIRGraph(nodes, [*pairwise(names), ("b", "out")]))
    opened = OpenNetwork(graph=graph, dt=1.0, dialect=spoken)
    x = rng.integers(0, 3, (30, 2)).astype(float)
    found = opened.quantise(x)
    assert [r.flips for r in found.rounding.layers] == [0, 0]
    assert np.array_equal(found.simulate(x), right(graph, x, spoken))
    assert found.fit("loihi2", x)["cores"] == 2
    assert sum(c["spikes"] for c in found.energy(x, "loihi2")["counts"].values()) >= 0
    network, payload = found.network, found.payload(x)
    assert network.returns == ((1, 0),)
    differ = np.count_nonzero(run_network(network, payload, on_chip=True) != found.simulate(x))
    for back_end in ("lava", "netx"):
        with pytest.raises(GraphError, match=f"on a cycle with 'b'.* that {differ} output spikes"):
            found.simulate(x, back_end)


def test_a_file_of_lifs_cannot_hold_counts(tmp_path):
    rng = np.random.default_rng(3)
    x = rng.integers(0, 2, (15, 1, 4, 4)).astype(float)
    opened = OpenNetwork(graph=convolutional(rng), dt=1.0, dialect=dialect("sinabs"))
    one = replace(opened.quantise(x).network, outputs=())
    with pytest.raises(GraphError, match="its units subtract the threshold"):
        write_netx(one, tmp_path / "network.net")


def test_a_chip_that_only_sets_voltages_to_0_is_too_little_for_subtraction():
    rng = np.random.default_rng(3)
    x = rng.integers(0, 2, (15, 1, 4, 4)).astype(float)
    for said, wanted in (("sinabs", True), ("nir", False)):
        opened = OpenNetwork(graph=convolutional(rng), dt=1.0, dialect=dialect(said))
        misfit = opened.fit("loihi1", x)["misfit"]
        assert ("units of first subtract the threshold" in (misfit or "")) == wanted
        assert "subtract" not in (opened.fit("truenorth", x)["misfit"] or "")


def delayed(rng, biased=False):
    """Delays of units and of all, one after another, on two ways, and on the way back."""
    steps = {"each": rng.integers(0, 4, 3), "more": np.full(3, 2), "around": rng.integers(0, 3, 4)}
    steps["return"] = rng.integers(0, 3, 4)
    nodes = {
        "in": nir.Input({"input": np.array([3])}),
        "each": nir.Delay(steps["each"] / 4),
        "more": nir.Delay(steps["more"] / 4),
        "linear": nir.Linear(quarters(rng, 4, 3)),
        "first": integrators(4),
        "around": nir.Delay(steps["around"] / 4),
        "back": nir.Linear(quarters(rng, 4, 4, high=1)),
        "scale": nir.Scale(quarters(rng, 4)),
        "affine": nir.Affine(quarters(rng, 4, 4), quarters(rng, 4, low=0) * biased),
        "second": integrators(4),
        "return": nir.Delay(steps["return"] / 4),
        "again": nir.Linear(quarters(rng, 4, 4, high=1)),
        "out": nir.Output({"output": np.array([4])}),
    }
    edges = [("second", "return"), ("return", "again"), ("again", "second"), ("second", "again")]
    edges += [("in", "each"), ("each", "more"), ("more", "linear"), ("in", "linear")]
    edges += [("linear", "first"), ("first", "back"), ("back", "first"), ("first", "scale")]
    edges += [("first", "around"), ("around", "scale"), ("around", "affine"), ("more", "widen")]
    edges += [("scale", "second"), ("affine", "second"), ("widen", "second"), ("second", "out")]
    nodes["widen"] = nir.Linear(quarters(rng, 4, 3))
    return parse_graph(nir.NIRGraph(nodes, edges, type_check=False))


@settings(max_examples=25)
@given(seed=seeds, said=st.sampled_from(DIALECTS))
def test_delays_become_delays_of_synapses(seed, said):
    rng = np.random.default_rng(seed)
    graph, spoken = delayed(rng), dialect(said)
    x = rng.integers(0, 2, (20, 3)).astype(float)
    found = quantise(graph, x, 0.25, dialect=spoken)
    assert found.flips == 0
    assert found.network.longest >= 2
    wanted = graph_values(graph, x, 0.25, spoken)["out"].T
    assert np.array_equal(run_network(found.network, x.T.astype(np.int8)), wanted)


def test_lava_cannot_wait_longer_than_its_synapses_hold():
    nodes = {
        "in": nir.Input({"input": np.array([1])}),
        "late": nir.Delay(np.array([62.0])),
        "a": integrators(1),
        "b": integrators(1),
        "c": integrators(1),
        "out": nir.Output({"output": np.array([1])}),
    }
    edges = [("in", "a"), ("a", "b"), ("b", "c"), ("in", "late"), ("late", "c"), ("c", "out")]
    opened = OpenNetwork(graph=parse_graph(nir.NIRGraph(nodes, edges)), dt=1.0)
    x = np.ones((70, 1))
    opened = opened.quantise(x)
    assert opened.simulate(x).any()
    with pytest.raises(GraphError, match="'c': a synapse waits for 64 steps, 2 of them"):
        opened.simulate(x, "lava")


def test_delays_reach_over_the_parts_of_a_run(monkeypatch):
    rng = np.random.default_rng(8)
    graph = delayed(rng, biased=True)
    x = rng.integers(0, 2, (40, 3)).astype(float)
    network, payload = quantise(graph, x, 0.25).network, x.T.astype(np.int8)
    whole = run_network(network, payload)
    assert 0 < whole.mean() < 1
    for length in (1, 3, 7):
        monkeypatch.setattr("neuromorphic.integers.network.BLOCK", length)
        assert np.array_equal(run_network(network, payload), whole)


@pytest.mark.parametrize(("said", "biased"), [("nir", False), ("nir", True), ("sinabs", True)])
def test_lava_waits_as_long(said, biased):
    rng = np.random.default_rng(6)
    graph = delayed(rng, biased)
    x = rng.integers(0, 2, (20, 3)).astype(float)
    opened = OpenNetwork(graph=graph, dt=0.25, dialect=dialect(said)).quantise(x)
    ours = opened.simulate(x)
    assert 0 < (ours != 0).mean() < 1
    assert np.array_equal(opened.simulate(x, "lava"), ours)
    assert opened.fit("loihi2", x)["cores"]
    assert opened.energy(x, "loihi2")["steps"] == 20
