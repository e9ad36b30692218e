import h5py
import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs import (
    STEP,
    exact_graph,
    layer_of,
    portable_graph,
    read_graph,
    run_graph,
    write_graph,
)
from neuromorphic.integer import IntegerLayer
from runtime.errors import GraphError, OutputError

BUILDERS = [exact_graph, portable_graph]
cases = given(seed=st.integers(0, 2**32 - 1), shift=st.integers(1, 5))


def vector(value, width=2):
    return np.full(width, float(value))


def chain(*nodes, width=2, out=2):
    first, last = nir.Input({"input": np.array([width])}), nir.Output({"output": np.array([out])})
    return nir.NIRGraph.from_list(first, *nodes, last)


def lif(**changes):
    values = {"tau": 1e-3, "r": 1, "v_leak": 0, "v_threshold": 1, "v_reset": 0, **changes}
    return nir.LIF(**{key: vector(value) for key, value in values.items()})


@pytest.mark.parametrize("build", BUILDERS)
@cases
def test_graph_spikes_as_the_layer(make_layer, make_payload, build, seed, shift):
    layer = make_layer(seed, shift=shift)
    payload = make_payload(layer, seed)
    spikes = run_graph(build(layer), payload.astype(np.float64), STEP)
    assert np.array_equal(spikes, layer.spikes(payload))


@pytest.mark.parametrize("build", BUILDERS)
@cases
def test_layer_comes_back(make_layer, build, seed, shift):
    layer = make_layer(seed, shift=shift)
    again = layer_of(build(layer))
    assert np.array_equal(again.weight, layer.weight)
    assert np.array_equal(again.bias, layer.bias)
    assert again.shift == layer.shift


@pytest.mark.parametrize("build", BUILDERS)
@settings(max_examples=10)
@cases
def test_file_round_trip(make_layer, make_payload, tmp_path_factory, build, seed, shift):
    layer = make_layer(seed, shift=shift)
    path = tmp_path_factory.mktemp("nir") / "layer.nir"
    write_graph(build(layer), path)
    first = path.read_bytes()
    write_graph(build(layer), path, overwrite=True)
    assert path.read_bytes() == first
    payload = make_payload(layer, seed)
    graph = read_graph(path)
    spikes = run_graph(graph, payload.astype(np.float64), STEP)
    assert np.array_equal(spikes, layer.spikes(payload))
    assert layer_of(graph).shift == shift


@settings(max_examples=30)
@cases
def test_portable_graph_in_float32_with_either_leak(make_layer, make_payload, seed, shift):
    """The importers compute in float32; some apply 1 - dt/tau to the state, some to both terms."""
    layer = make_layer(seed, shift=shift)
    payload = make_payload(layer, seed)
    graph = portable_graph(layer)
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
    write_graph(portable_graph(make_layer(0)), path)
    with h5py.File(path) as file:
        assert "v_reset" not in file["node/nodes/lif"]
        assert file["node/nodes/lif/tau"].dtype == np.float64
    assert (read_graph(path).nodes["lif"].v_reset == 0).all()


def test_a_reset_that_is_not_zero_is_kept(tmp_path):
    path = tmp_path / "layer.nir"
    write_graph(chain(lif(v_reset=-1)), path)
    assert (read_graph(path).nodes["lif"].v_reset == -1).all()


def test_portable_graph_is_refused_without_margin():
    layer = IntegerLayer(np.full((1, 128), 127, np.int32), np.zeros(1, np.int32), 5)
    with pytest.raises(GraphError, match="unit 0 reaches"):
        portable_graph(layer)
    assert layer_of(exact_graph(layer)).shift == 5


def test_layer_of_refuses_other_graphs(make_layer):
    with pytest.raises(GraphError, match="Input -> LIF -> Output"):
        layer_of(chain(lif()))
    graph = portable_graph(make_layer(0))
    graph.nodes["lif"].tau *= 3
    with pytest.raises(GraphError, match="tau"):
        layer_of(graph)
    graph = exact_graph(make_layer(0))
    graph.nodes["affine"].bias += 0.25
    with pytest.raises(GraphError, match="not integers"):
        layer_of(graph)


def test_lif_is_eulers(tmp_path):
    x = np.array([[600.0] * 5, [0.0] * 5])
    out = run_graph(chain(lif(v_threshold=100)), x, 2e-4)
    # v: 120; reset; then the same again. A strict threshold: the second unit stays at 0.
    assert out.tolist() == [[1] * 5, [0] * 5]
    v, expected = 0.0, []
    for _ in range(5):
        v += 0.2 * (5 - v)
        expected.append(v)
    li = nir.LI(tau=vector(1e-3), r=vector(1), v_leak=vector(5))
    assert np.allclose(run_graph(chain(li), np.zeros((2, 5)), 2e-4), expected)


def test_if_integrates_and_threshold_is_strict():
    unit = nir.IF(r=vector(1000), v_threshold=vector(1), v_reset=vector(0))
    out = run_graph(chain(unit), np.full((2, 6), 0.5), 1e-3)
    assert out[0].tolist() == [0, 0, 1, 0, 0, 1]
    step = chain(nir.Threshold(vector(0.5)))
    assert run_graph(step, np.array([[0.5], [0.50001]]), 1.0).tolist() == [[0], [1]]


def test_cuba_lif_and_matrices():
    cuba = nir.CubaLIF(
        tau_syn=vector(2e-3),
        tau_mem=vector(2e-3),
        r=vector(1),
        v_leak=vector(0),
        v_threshold=vector(0.2),
        w_in=vector(1),
    )
    out = run_graph(chain(cuba), np.array([[1.0, 0, 0], [0.1, 0, 0]]), 1e-3)
    # I = 1/2, 1/4, ..; v = 1/4 > 0.2 at once.
    assert out.tolist() == [[1, 0, 0], [0, 0, 0]]
    linear = chain(nir.Linear(np.array([[1.0, 2, 3]])), nir.Scale(vector(2, 1)), width=3, out=1)
    assert run_graph(linear, np.array([[1.0], [1], [1]]), 1.0).tolist() == [[12.0]]


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (lambda: chain(lif(tau=-1)), "lif.*tau is -1"),
        (lambda: chain(lif(tau=0)), "tau is 0"),
        (lambda: chain(lif(v_threshold=np.nan)), "v_threshold.*finite"),
        (lambda: chain(lif(tau=np.inf)), "tau.*finite"),
        (lambda: chain(nir.Affine(np.ones((2, 2)), np.ones(3))), r"affine.*bias is \(3,\)"),
        (lambda: chain(nir.Delay(vector(1))), "'delay': Delay is not supported"),
    ],
)
def test_names_the_node_that_is_wrong(tmp_path, graph, words):
    with pytest.raises(GraphError, match=words):
        run_graph(graph(), np.zeros((2, 1)), 1e-4)
    with pytest.raises(GraphError, match=words):
        write_graph(graph(), tmp_path / "a.nir")
    assert not list(tmp_path.iterdir())
    nir.write(tmp_path / "b.nir", graph())
    with pytest.raises(GraphError, match=words) as caught:
        read_graph(tmp_path / "b.nir")
    assert "b.nir" in str(caught.value)
    assert "\n" not in str(caught.value)


def wired(edges, **nodes):
    ends = {
        "in": nir.Input({"input": np.array([2])}),
        "out": nir.Output({"output": np.array([2])}),
    }
    return nir.NIRGraph({**ends, **nodes}, edges, type_check=False)


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([("in", "a"), ("a", "a")], "'a': lies on a cycle"),
        ([("in", "a"), ("a", "out"), ("in", "out")], "'in': feeds several"),
        ([("in", "out")], "'a': is not on the chain"),
        ([("in", "a")], "'out': is not on the chain"),
        ([("in", "b")], "names a node that does not exist"),
    ],
)
def test_refuses_what_is_no_chain(edges, words):
    with pytest.raises(GraphError, match=words):
        run_graph(wired(edges, a=lif()), np.zeros((2, 1)), 1e-4)


def test_refuses_several_inputs_and_wrong_widths():
    second = nir.Input({"input": np.array([2])})
    with pytest.raises(GraphError, match="2 Input nodes"):
        run_graph(wired([("in", "out"), ("b", "out")], b=second), np.zeros((2, 1)), 1.0)
    wide = nir.Linear(np.ones((3, 2)))
    edges = [("in", "a"), ("a", "out")]
    with pytest.raises(GraphError, match="'out': takes 2 values, gets 3"):
        run_graph(wired(edges, a=wide), np.zeros((2, 1)), 1.0)
    with pytest.raises(GraphError, match=r"'a': weight is \(2, 3\); it gets 2"):
        run_graph(wired(edges, a=nir.Linear(np.ones((2, 3)))), np.zeros((2, 1)), 1.0)


@pytest.mark.parametrize(
    ("x", "dt", "words"),
    [
        (np.zeros((3, 1)), 1e-4, "input is"),
        (np.zeros(2), 1e-4, "input is"),
        (np.full((2, 1), np.nan), 1e-4, "finite"),
        (np.zeros((2, 1)), 0.0, "dt is 0"),
        (np.zeros((2, 1)), 2e-3, "'lif': dt 0.002 s exceeds its tau 0.001 s"),
    ],
)
def test_refuses_other_inputs(x, dt, words):
    with pytest.raises(GraphError, match=words):
        run_graph(chain(lif()), x, dt)


@pytest.mark.parametrize("data", [b"", b"not HDF5", bytes(100_000)])
def test_refuses_other_files(tmp_path, data):
    path = tmp_path / "a.nir"
    path.write_bytes(data)
    with pytest.raises(GraphError, match=r"a\.nir"):
        read_graph(path)


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_refuses_truncated_files(make_layer, tmp_path, share):
    path = tmp_path / "a.nir"
    write_graph(exact_graph(make_layer(0)), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(GraphError, match=r"a\.nir"):
        read_graph(path)


def test_refuses_unknown_versions_kinds_and_sizes(tmp_path):
    path = tmp_path / "a.nir"
    nir.write(path, chain(lif()))
    with h5py.File(path, "a") as file:
        del file["version"]
        file["version"] = "99.0"
    with pytest.raises(GraphError, match=r"version '99.0' is unknown"):
        read_graph(path)
    with h5py.File(path, "a") as file:
        del file["version"], file["node/nodes/lif/type"]
        file["version"], file["node/nodes/lif/type"] = "1.0", "Mystery"
    with pytest.raises(GraphError, match="'lif': Mystery is not supported"):
        read_graph(path)
    nir.write(path, chain(lif()))
    with h5py.File(path, "a") as file:
        # Takes no space on disk, and would take a terabyte in memory.
        file["node/nodes/lif"].create_dataset("huge", (2**37,), "f8", chunks=(2**20,))
    with pytest.raises(GraphError, match="values; at most"):
        read_graph(path)


def test_refuses_a_graph_whose_ends_nir_invents(tmp_path):
    path = tmp_path / "a.nir"
    nir.write(path, chain(lif()))
    with h5py.File(path, "a") as file:
        del file["node/nodes/input"], file["node/edges"]
        file["node/edges"] = np.array([[b"lif", b"output"]], "S9")
    with pytest.raises(GraphError, match=r"a\.nir"):
        read_graph(path)


def test_does_not_overwrite(make_layer, tmp_path):
    path = tmp_path / "a.nir"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError):
        write_graph(exact_graph(make_layer(0)), path)
    assert path.read_bytes() == b"mine"
