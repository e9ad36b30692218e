import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs.files import read_graph, write_graph
from neuromorphic.graphs.graph import FIELDS, parse_graph
from neuromorphic.graphs.run import run_graph
from runtime.errors import GraphError


def between(node, given=(2,), out=(2,)):
    """The node between an Input and an Output, without nir's own checks."""
    ends = nir.Input({"input": np.array(given)}), nir.Output({"output": np.array(out)})
    nodes = {"in": ends[0], "a": node, "out": ends[1]}
    return nir.NIRGraph(nodes, [("in", "a"), ("a", "out")], type_check=False)


def conv(**changes):
    fields = {
        "input_shape": 5,
        "weight": np.ones((2, 1, 3)),
        "stride": 1,
        "padding": 0,
        "dilation": 1,
        "groups": 1,
        "bias": np.zeros(2),
    }
    return between(nir.Conv1d(**{**fields, **changes}), (1, 5), (2, 3))


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_stages_say_what_goes_in_and_out(make_graph, seed):
    graph = make_graph(seed)
    parsed = parse_graph(graph)
    stages = parsed.stages
    assert {stage.name for stage in stages} == set(graph.nodes)
    assert [stage.kind for stage in (stages[0], stages[-1])] == ["Input", "Output"]
    x = np.zeros((1, *stages[0].shape))
    assert run_graph(parsed, x, 2.0**-10).shape[1:] == stages[-1].shape
    seen = set()
    for stage in stages:
        assert seen.issuperset(stage.sources)
        assert sorted(stage.sources) == sorted(a for a, b in graph.edges if b == stage.name)
        seen.add(stage.name)
        fields = FIELDS[stage.kind]
        assert all(getattr(stage.node, field).dtype == np.float64 for field in fields)


def test_a_convolution_that_leaves_its_length_open_gets_it():
    assert [stage.shape for stage in parse_graph(conv(input_shape=None)).stages] == [
        (1, 5),
        (2, 3),
        (2, 3),
    ]


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        (lambda lif: between(lif(tau=-1)), "'a': tau is -1 s"),
        (lambda lif: between(lif(tau=0)), "tau is 0"),
        (lambda lif: between(lif(v_threshold=np.nan)), "v_threshold.*finite"),
        (lambda lif: between(lif(tau=np.inf)), "tau.*finite"),
        (lambda lif: between(lif(), (3,), (3,)), r"'a': tau is \(2,\); \(3,\) is needed"),
        (lambda lif: between(nir.Affine(np.ones((2, 2)), np.ones(3))), r"'a': bias is \(3,\)"),
        (lambda lif: between(nir.Linear(np.ones((2, 3)))), r"weight is \(2, 3\), it gets \(2,\)"),
        (lambda lif: between(nir.Linear(np.ones((3, 2)))), r"'out': takes \(2,\), gets \(3,\)"),
        (lambda lif: between(nir.Linear(np.ones((2, 2, 2)))), r"'a': weight is \(2, 2, 2\)"),
        (lambda lif: between(nir.Scale(np.ones(1))), r"'a': scale is \(1,\)"),
        (lambda lif: between(nir.Scale(np.array(["b", "c"]))), "'a': scale.*not finite numbers"),
        (lambda lif: between(nir.Delay(np.array([0.0, -1]))), "'a': delay is -1 s"),
        (lambda lif: between(nir.I(np.ones(2))), "'a': I is not supported; use Input"),
        (lambda lif: between(nir.CubaLI(*np.ones((4, 2)))), "'a': CubaLI is not supported"),
        (lambda lif: between(conv()), "'a': NIRGraph is not supported"),
        (lambda lif: conv(bias=np.zeros(3)), r"'a': bias is \(3,\); \(2,\) is needed"),
        (lambda lif: conv(weight=np.ones((2, 2, 3))), r"'a': takes \(2, N\), gets \(1, 5\)"),
        (lambda lif: conv(weight=np.ones((2, 1, 6)), padding="valid"), "reaches over 6 of 5"),
        (lambda lif: conv(groups=2), r"takes \(2, N\)"),
        (lambda lif: conv(groups=4), r"weight is \(2, 1, 3\) in 4 groups"),
        (lambda lif: conv(groups=0), "groups is 0"),
        (lambda lif: conv(input_shape=None, stride=0), "'a': stride is 0"),
        (lambda lif: conv(padding=-1), "'a': padding is -1"),
        (lambda lif: conv(padding=2**40), "kernel reaches over 3 of"),
        (lambda lif: conv(padding="same", stride=2), "'same' has no meaning at stride 2"),
        (lambda lif: conv(input_shape=4), r"input_shape is 4, it gets \(1, 5\)"),
        (lambda lif: between(nir.Flatten(None, 0, 1)), "'a': start_dim 0 and end_dim 1"),
        (lambda lif: between(nir.Flatten({"input": np.array([3])}, 0)), r"takes \(3,\), gets"),
        (lambda lif: between(lif(), (0,)), r"'in': shape is \[0\]"),
        (lambda lif: between(lif(), (2.5,)), r"'in': shape is \[2.5\]"),
    ],
)
def test_names_the_node_that_is_wrong(lif, tmp_path, graph, words):
    with pytest.raises(GraphError, match=words):
        parse_graph(graph(lif))
    with pytest.raises(GraphError, match=words):
        write_graph(graph(lif), tmp_path / "a.nir")
    assert not list(tmp_path.iterdir())


def test_names_it_in_a_file_too(lif, tmp_path):
    path = tmp_path / "b.nir"
    for graph, words in (
        (between(lif(tau=-1)), "'a': tau is -1 s"),
        (between(nir.I(np.ones(2))), "'a': I is not supported"),
        (conv(bias=np.zeros(3)), "'a': bias"),
    ):
        nir.write(path, graph)
        with pytest.raises(GraphError, match=rf"b\.nir: .*{words}") as caught:
            read_graph(path)
        assert "\n" not in str(caught.value)


def wired(edges, **nodes):
    ends = {
        "in": nir.Input({"input": np.array([2])}),
        "out": nir.Output({"output": np.array([2])}),
    }
    return nir.NIRGraph({**ends, **nodes}, edges, type_check=False)


WAY = [("in", "a"), ("a", "b"), ("b", "out")]


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([*WAY, ("a", "a")], "'a': lies on the cycle 'a' -> 'a'"),
        ([*WAY, ("b", "a")], "'.': lies on the cycle '.* -> '.* -> '.*'; recurrent"),
        ([*WAY, ("out", "in")], "lies on the cycle"),
        ([("in", "a"), ("a", "out")], "'b': is on no way from 'in' to 'out'"),
        ([("in", "a"), ("b", "out")], "is on no way"),
        ([*WAY, ("b", "c")], "edge 'b' -> 'c': there is no node 'c'"),
        ([*WAY, ("in", "a")], "edge 'in' -> 'a': is there twice"),
        ([], "'in'|'out'|'a': is on no way"),
    ],
)
def test_refuses_what_is_no_flow(lif, edges, words):
    with pytest.raises(GraphError, match=words):
        parse_graph(wired(edges, a=lif(), b=lif()))


def test_refuses_several_ends_and_sums_of_different_shapes():
    second = nir.Input({"input": np.array([2])})
    with pytest.raises(GraphError, match="2 Input nodes"):
        parse_graph(wired([("in", "out"), ("b", "out")], b=second))
    with pytest.raises(GraphError, match=r"2 Output nodes \['out', 'b'\]"):
        parse_graph(wired([("in", "out"), ("in", "b")], b=nir.Output({"output": np.array([2])})))
    wide = nir.Linear(np.ones((3, 2)))
    with pytest.raises(GraphError, match=r"'out': cannot sum \(3,\) from 'a', \(2,\) from 'in'"):
        parse_graph(wired([("in", "a"), ("a", "out"), ("in", "out")], a=wide))
