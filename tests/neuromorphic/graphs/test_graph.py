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


class Unknown(nir.I):
    """A kind of node that NIR may have one day."""


def pool(**changes):
    return nir.AvgPool2d(**{"kernel_size": 2, "stride": 2, "padding": 0, **changes})


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
        (lambda lif: between(nir.Scale(np.ones(3))), r"'a': scale is \(3,\)"),
        (lambda lif: between(nir.Scale(np.array(["b", "c"]))), "'a': scale.*not finite numbers"),
        (lambda lif: between(nir.Delay(np.array([0.0, -1]))), "'a': delay is -1 s"),
        (lambda lif: between(Unknown(np.ones(2))), "'a': Unknown is not supported; use Input"),
        (lambda lif: between(nir.I(np.full(2, np.nan))), "'a': r holds values that are not finite"),
        (lambda lif: between(conv()), r"'a.a': takes \(1, N\), gets \(2,\)"),
        (lambda lif: between(nir.SumPool2d(2, 2, 0)), r"'a': takes \(C, Y, X\), gets \(2,\)"),
        (lambda lif: between(pool(kernel_size=0), (1, 4, 4)), "'a': kernel_size is 0"),
        (lambda lif: between(pool(stride=np.array([1, 2, 3])), (1, 4, 4)), r"stride is \[1, 2, 3"),
        (lambda lif: between(pool(kernel_size=5), (1, 4, 4)), "kernel reaches over 5 of 4"),
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
        (
            [*WAY, ("a", "c"), ("c", "d"), ("d", "c"), ("d", "a")],
            "'.': lies on the cycle '.' -> '.'",
        ),
        ([*WAY, ("c", "c")], "'c': is on no way"),
        ([*WAY, ("out", "in")], "'in': is an Input; no edge may lead to it"),
        ([("in", "a"), ("a", "out")], "'b': is on no way from 'in' to 'out'"),
        ([("in", "a"), ("b", "out")], "is on no way"),
        ([*WAY, ("b", "e")], "edge 'b' -> 'e': there is no node 'e'"),
        ([], "'in'|'out'|'a': is on no way"),
    ],
)
def test_refuses_what_is_no_flow(lif, edges, words):
    named = {name for edge in edges for name in edge}
    scales = {name: nir.Scale(np.ones(2)) for name in ("c", "d") if name in named}
    graph = wired(edges, a=lif(), b=lif(), **scales)
    with pytest.raises(GraphError, match=words):
        parse_graph(graph)


def test_refuses_sums_of_different_shapes():
    wide = nir.Linear(np.ones((3, 2)))
    with pytest.raises(GraphError, match=r"'out': cannot sum \(3,\) from 'a', \(2,\) from 'in'"):
        parse_graph(wired([("in", "a"), ("a", "out"), ("in", "out")], a=wide))


def test_leading_dimensions_that_fit_nothing_are_dropped_with_a_note(lif):
    graph = parse_graph(between(nir.Linear(np.ones((3, 2))), (1, 2), (1, 3)))
    assert [stage.shape for stage in graph.stages] == [(2,), (3,), (3,)]
    first, second = graph.notes
    assert first.startswith("node 'in': declares (1, 2); (2,) fits")
    assert second == "node 'out': declares (1, 3); (3,) flows"
    assert not parse_graph(between(lif())).notes


def test_one_number_is_for_all_units(lif):
    ones = np.full(1, 2e-3), np.ones(()), np.zeros(2), np.ones(2), np.zeros(1)
    node = nir.LIF(*(np.ones(2) for _ in ones))
    for field, value in zip(FIELDS["LIF"], ones, strict=True):
        setattr(node, field, value)
    (stage,) = parse_graph(between(node)).stages[1:2]
    assert stage.node.tau.tolist() == [2e-3, 2e-3]
    assert stage.node.r.tolist() == [1, 1]


def nested(edges=(("in", "inner"), ("inner", "out"))):
    """A unit with a loop, in a graph in a graph."""
    loop = wired(
        [("in", "lif"), ("lif", "w"), ("w", "lif"), ("lif", "out")],
        lif=nir.IF(*(np.ones(2) for _ in range(3))),
        w=nir.Linear(np.eye(2)),
    )
    return wired(list(edges), inner=wired([("in", "loop"), ("loop", "out")], loop=loop))


def test_graphs_in_graphs_are_laid_flat():
    parsed = parse_graph(nested())
    assert [stage.name for stage in parsed.stages] == [
        "in",
        "inner.loop.w",
        "inner.loop.lif",
        "out",
    ]
    assert parsed.stages[2].sources == ("in", "inner.loop.w")
    assert parsed.stages[1].late == {"inner.loop.lif"}


def test_an_edge_may_name_an_end_of_a_graph_in_a_graph():
    one, other = (
        parse_graph(nested()),
        parse_graph(nested([("in", "inner.in"), ("inner.out", "out")])),
    )
    assert [s.name for s in one.stages] == [s.name for s in other.stages]
    two = wired([("in", "b"), ("b", "out")], b=nir.Input({"input": np.array([2])}))
    ambiguous = wired([("in", "g"), ("g", "out")], g=two)
    with pytest.raises(GraphError, match=r"'g': is a graph with 2 Input nodes.*'g\.in'"):
        parse_graph(ambiguous)


def test_an_edge_to_a_missing_node_is_taken_for_the_one_without_an_edge(lif):
    graph = parse_graph(wired([("in", "a"), ("a", "out")], b=lif()))
    assert [stage.name for stage in graph.stages] == ["in", "b", "out"]
    assert graph.notes == (
        "edges name 'a', which is not there; 'b', the only node without an edge, is taken for it",
    )


def test_inner_inputs_that_declare_otherwise_are_noted(lif):
    inner = between(lif(), (5,), (2,))
    graph = parse_graph(wired([("in", "g"), ("g", "out")], g=inner))
    assert graph.notes == ("node 'g.in': declares (5,); (2,) flows",)


@settings(max_examples=50)
@given(seed=st.integers(0, 2**32 - 1))
def test_every_cycle_is_late_somewhere_and_only_behind_units(seed):
    """A random mesh of units and weights between two ends."""
    rng = np.random.default_rng(seed)
    names = [f"n{i}" for i in range(int(rng.integers(2, 6)))]
    units = {name: bool(rng.integers(2)) for name in names}
    nodes = {n: nir.Threshold(np.ones(2)) if units[n] else nir.Scale(np.ones(2)) for n in names}
    edges = [("in", names[0]), (names[-1], "out")]
    edges += [(a, b) for i, a in enumerate(names) for b in names[i + 1 : i + 2]]
    edges += [(a, b) for a in names for b in names if units[a] and rng.random() < 0.3]
    parsed = parse_graph(wired(edges, **nodes))
    before: set[str] = set()
    for stage in parsed.stages:
        assert before.issuperset(set(stage.sources) - stage.late)
        assert all(units[source] for source in stage.late)
        before.add(stage.name)
    assert parsed.stages[0].name == "in"
    # A flow without cycles is late nowhere.
    backward = [(a, b) for a, b in edges if a in names and b in names and a >= b]
    assert backward or not any(stage.late for stage in parsed.stages)
