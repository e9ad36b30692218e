import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs import STEP
from neuromorphic.graphs.files import read_graph, write_graph
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.nir_forms import exact_graph, layers_of, portable_graph
from runtime.errors import GraphError

BUILDERS = [exact_graph, portable_graph]
cases = given(seed=st.integers(0, 2**32 - 1), shift=st.integers(1, 5))


@pytest.mark.parametrize("build", BUILDERS)
@cases
def test_graph_spikes_as_the_layer(make_layer, make_payload, build, seed, shift):
    layer = make_layer(seed, shift=shift)
    payload = make_payload(layer, seed)
    spikes = run_graph(parse_graph(build(layer.exact)), payload.T, STEP)
    assert np.array_equal(spikes.T, layer.spikes(payload))


@pytest.mark.parametrize("build", BUILDERS)
@cases
def test_layer_comes_back(make_layer, build, seed, shift):
    layer = make_layer(seed, shift=shift)
    (again,) = layers_of(parse_graph(build(layer.exact)))
    assert np.array_equal(again.arms[0].weight, layer.weight)
    assert np.array_equal(again.bias, layer.bias)
    assert again.shift == layer.shift


@pytest.mark.parametrize("build", BUILDERS)
@settings(max_examples=10)
@cases
def test_file_round_trip(make_layer, make_payload, tmp_path_factory, build, seed, shift):
    layer = make_layer(seed, shift=shift)
    path = tmp_path_factory.mktemp("nir") / "layer.nir"
    write_graph(build(layer.exact), path)
    first = path.read_bytes()
    write_graph(build(layer.exact), path, overwrite=True)
    assert path.read_bytes() == first
    payload = make_payload(layer, seed)
    graph = read_graph(path)
    spikes = run_graph(graph, payload.T, STEP)
    assert np.array_equal(spikes.T, layer.spikes(payload))
    assert layers_of(graph)[0].shift == shift


@settings(max_examples=30)
@cases
def test_portable_graph_in_float32_with_either_leak(make_layer, make_payload, seed, shift):
    """The importers compute in float32; some apply 1 - dt/tau to the state, some to both terms."""
    layer = make_layer(seed, shift=shift)
    payload = make_payload(layer, seed)
    graph = portable_graph(layer.exact)
    affine, unit = graph.nodes["affine"], graph.nodes["lif"]
    current = affine.weight @ payload.astype(np.float32) + affine.bias[:, None]
    assert current.dtype == np.float32
    assert ((current > 0) & (current < 2)).all()
    keep = (1 - STEP / unit.tau).astype(np.float32)
    for gain in (np.float32(1), 1 - keep):
        v = np.zeros(layer.units, np.float32)
        for t, expected in enumerate(layer.spikes(payload).T):
            v = keep * v + gain * current[:, t]
            assert np.array_equal(v > 1, expected)
            v = np.where(v > 1, np.float32(0), v)


def test_portable_file_is_readable_by_old_nir(make_layer, tmp_path):
    path = tmp_path / "layer.nir"
    write_graph(portable_graph(make_layer(0).exact), path)
    with h5py.File(path) as file:
        assert "v_reset" not in file["node/nodes/lif"]
        assert file["node/nodes/lif/tau"].dtype == np.float64
    assert (read_graph(path).stages[2].node.v_reset == 0).all()


def test_portable_graph_is_refused_without_margin():
    layer = IntegerLayer(np.full((1, 128), 127, np.int32), np.zeros(1, np.int32), 5)
    with pytest.raises(GraphError, match="unit 0 reaches"):
        portable_graph(layer.exact)
    assert layers_of(parse_graph(exact_graph(layer.exact)))[0].shift == 5


def test_other_graphs_are_refused_other_graphs(make_layer, chain, lif):
    with pytest.raises(GraphError, match="a LIF with 1 sources is not a layer"):
        layers_of(parse_graph(chain(lif())))
    graph = exact_graph(make_layer(0, units=4, inputs=4).exact)
    graph.edges.append(("input", "output"))
    with pytest.raises(GraphError, match="layers are Affine -> Threshold"):
        layers_of(parse_graph(graph))
    graph = portable_graph(make_layer(0).exact)
    graph.nodes["lif"].tau *= 3
    with pytest.raises(GraphError, match="tau"):
        layers_of(parse_graph(graph))
    graph = exact_graph(make_layer(0).exact)
    graph.nodes["affine"].bias += 0.25
    with pytest.raises(GraphError, match="not integers"):
        layers_of(parse_graph(graph))
