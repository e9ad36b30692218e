from itertools import pairwise

import nir
import numpy as np
import pytest

from neuromorphic.fit import EXCEEDED, OK, UNCHECKED
from neuromorphic.graphs import STEP
from neuromorphic.graphs.files import write_graph
from neuromorphic.inputs.reading import read_input
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.netx_reader import read_entry, read_netx
from neuromorphic.integers.nir_forms import portable_graph
from neuromorphic.opening import open_network
from neuromorphic.simulate import agreement, suitable
from runtime.errors import ChipError, GraphError, OutputError, SpikingMusicError
from spiking_music.cli.terminal import progress
from spiking_music.report.networks import finding_rows, rounding_facts


@pytest.fixture
def graph(tmp_path):
    """Two layers of leaky units, 6 to 5 to 3."""
    rng = np.random.default_rng(0)
    nodes = {"in": nir.Input({"input": np.array([6])})}
    for name, inputs, units in (("a", 6, 5), ("b", 5, 3)):
        ones = np.ones(units)
        weight, bias = rng.normal(0, 1, (units, inputs)), rng.normal(0, 0.2, units)
        nodes[f"{name}_in"] = nir.Affine(weight, bias)
        nodes[name] = nir.LIF(3 * STEP * ones, ones, 0 * ones, 0.3 * ones, v_reset=0 * ones)
    nodes["out"] = nir.Output({"output": np.array([3])})
    path = tmp_path / "net.nir"
    write_graph(nir.NIRGraph(nodes, list(pairwise(nodes))), path)
    return path


@pytest.fixture
def x():
    return np.random.default_rng(1).normal(0, 1, (60, 6))


def test_a_quantised_graph_is_a_netx_file_with_the_same_spikes(graph, x, tmp_path):
    out = tmp_path / "net.net"
    found = open_network(graph).quantise(x, "loihi2")
    found.save(out)
    facts = rounding_facts(found.rounding)
    assert facts["flips"] <= 0.1 * facts["compared"] == 18
    assert facts["flip_rate"] == facts["flips"] / 180
    assert [row["name"] for row in facts["layers"]] == ["a", "b"]
    assert read_entry(out).exponent == facts["input_exponent"]
    again, own = (open_network(path).simulate(x) for path in (out, graph))
    assert np.array_equal(again, own)
    assert own.any()
    with pytest.raises(OutputError, match="exists already"):
        found.save(out)
    with pytest.raises(ChipError, match="weight_bits is not published"):
        open_network(graph).quantise(x, "spinnaker1")


def test_every_back_end_agrees_with_its_reference(graph, x):
    opened = open_network(graph).quantise(x)
    assert suitable(opened) == ("nir", "integer", "lava", "lava-floating")
    rows = agreement(opened, x, (*suitable(opened), "netx"), progress)
    found = {row["backend"]: row for row in rows}
    assert found["nir"]["from_nir"] == found["lava-floating"]["from_nir"] == 0
    assert [found[name]["from_integer"] for name in ("integer", "lava", "netx")] == [0, 0, 0]
    assert found["integer"]["from_nir"] == opened.rounding.flips
    with pytest.raises(GraphError, match="nir-lif is only for bundles"):
        opened.simulate(x, "nir-lif")


def test_a_graph_in_floats_runs_as_it_is_and_has_no_integers(graph, x):
    opened = open_network(graph)
    assert opened.run(x).shape == (60, 3)
    assert opened.input_shape == (6,)
    with pytest.raises(GraphError, match="round it first"):
        opened.save(graph.with_suffix(".net"))


def test_a_bundle_runs_in_every_form(spiking_bundle):
    opened = open_network(spiking_bundle.path)
    x = np.random.default_rng(0).integers(-127, 128, (50, 8))
    wanted = opened.simulate(x)
    assert np.array_equal(opened.run(x), wanted.T)
    for backend in ("nir", "nir-lif"):
        assert np.array_equal(opened.simulate(x, backend), wanted)
    found = opened.energy(x, "loihi1")
    assert found["counts"]["layer 0"]["spikes"] == wanted.sum()
    assert found["seconds"] == pytest.approx(50 * 512 / 22_050)


def test_a_verdict_is_ok_only_where_all_is_known(spiking_bundle, graph):
    opened = open_network(spiking_bundle.path)
    found = opened.fit("loihi1")
    assert (found["verdict"], found["cores"], found["misfit"]) == (OK, 1, None)
    assert (found["sums_hold_for"], found["otherwise"]) == ("all inputs of 8 bits", None)
    assert found["binds"] in [row["limit"] for row in finding_rows(found)]
    assert opened.fit("loihi2")["verdict"] == UNCHECKED
    assert opened.fit("int8-45nm")["verdict"] == UNCHECKED  # it has no limits at all
    assert opened.fit("truenorth")["verdict"] == EXCEEDED
    assert open_network(graph).fit("loihi2")["cores"] == 2


def test_what_an_input_makes_of_the_sums_may_fit_where_the_worst_case_does_not(tmp_path):
    weight = np.random.default_rng(0).integers(-127, 128, (20, 60)).astype(np.int32)
    layer = IntegerLayer(weight, np.zeros(20, np.int32), 3)
    write_graph(portable_graph(layer.exact), tmp_path / "layer.nir")
    opened = open_network(tmp_path / "layer.nir").quantise()
    worst = opened.fit("loihi1")
    assert worst["misfit"].startswith("does not fit: sum_max")
    assert worst["sums_hold_for"] is None
    found = opened.fit("loihi1", np.ones((4, 60)))
    assert found["misfit"] is None
    assert (found["sums_hold_for"], found["otherwise"]) == ("this input alone", worst["misfit"])


def test_a_graph_on_the_grid_is_opened_as_it_is(spiking_bundle):
    opened = open_network(spiking_bundle.file("bottleneck.nir")).quantise()
    assert opened.rounding is None
    ours, theirs = opened.network, read_netx(spiking_bundle.file("bottleneck.net"))
    one, other = (net.layers[0].connections[0].synapse.weight for net in (ours, theirs))
    assert np.array_equal(one, other)


def test_skips_and_decays_of_each_unit_are_no_netx(graph, x, tmp_path):
    network = open_network(graph).quantise(x).network
    one, two = network.layers
    skip = type(two)(two.name, (*two.connections, two.connections[0]), two.neuron)
    with pytest.raises(GraphError, match="layer 'b': has other sources"):
        write_netx(type(network)((one, skip)), tmp_path / "x.net")
    assert list(tmp_path.iterdir()) == [graph]


def bad_arrays():
    return {
        "text": b"no array",
        "objects": np.array([None, {}], dtype=object),
        "flat": np.zeros(3),
        "not finite": np.full((3, 6), np.nan),
        "complex": np.zeros((3, 6), complex),
        "empty": np.zeros((0, 6)),
    }


@pytest.mark.parametrize("case", list(bad_arrays()))
def test_refuses_other_inputs_in_one_line(tmp_path, case):
    path, content = tmp_path / "x.npy", bad_arrays()[case]
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(SpikingMusicError, match=r"x\.npy: ") as caught:
        read_input(path, (6,), 1.0)
    assert "\n" not in str(caught.value)


def test_fractions_are_no_payload(spiking_bundle):
    opened = open_network(spiking_bundle.file("bottleneck.net"))
    with pytest.raises(GraphError, match="holds fractions"):
        opened.fit("loihi1", np.full((2, 8), 0.5))
    with pytest.raises(GraphError, match=r"needs a \.nir file"):
        opened.simulate(np.ones((2, 8)), "nir")
