import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from neuromorphic.graphs.files import read_graph, write_graph
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.graphs.shapes import output_shape
from runtime.errors import GraphError

DT = 2.0**-10  # s; the time constants of random graphs are multiples of it
seeds = st.integers(0, 2**32 - 1)


def run(graph, x, dt):
    return run_graph(parse_graph(graph), x, dt)


def vector(value):
    return np.full(2, float(value))


class OneAtATime:
    """A graph run by the book: step by step, neuron by neuron, in Python's own numbers."""

    def __init__(self, graph):
        self.graph = graph
        self.sources = {name: [a for a, b in graph.edges if b == name] for name in graph.nodes}
        self.memory = {}
        self.past = {name: [] for name in graph.nodes}

    def run(self, x):
        end = next(n for n, node in self.graph.nodes.items() if isinstance(node, nir.Output))
        out = []
        for now in x:
            self.done = {"in": now.astype(object)}
            out.append(self.value(end))
        return np.array(out, float)

    def value(self, name):
        if name not in self.done:
            given = sum(self.value(source) for source in self.sources[name])
            self.past[name].append(given)
            self.done[name] = self.put_out(name, self.graph.nodes[name], given)
        return self.done[name]

    def put_out(self, name, node, x):
        match node:
            case nir.Output():
                return x
            case nir.Flatten():
                return x.reshape(*node.output_type["output"])
            case nir.Affine() | nir.Linear():
                bias = node.bias if isinstance(node, nir.Affine) else [0] * len(node.weight)
                pairs = zip(node.weight, bias, strict=True)
                return np.array([sum(map(product, w, x)) + float(b) for w, b in pairs], object)
            case nir.Conv1d():
                return self.convolved(node, x)
        out = np.empty_like(x)
        for index in np.ndindex(x.shape):
            out[index] = self.neuron((name, index), node, float(x[index]), index)
        return out

    def neuron(self, key, node, x, index):
        def of(field):
            return float(getattr(node, field)[index])

        match node:
            case nir.Scale():
                return x * of("scale")
            case nir.Threshold():
                return float(x > of("threshold"))
            case nir.Delay():
                history, late = self.past[key[0]], round(of("delay") / DT)
                return float(history[-1 - late][index]) if late < len(history) else 0.0
        v, i = self.memory.get(key, (0.0, 0.0))
        if isinstance(node, nir.IF):
            v = v + DT * of("r") * x
        elif isinstance(node, nir.CubaLIF):
            i = i + DT / of("tau_syn") * (of("w_in") * x - i)
            v = v + DT / of("tau_mem") * (of("v_leak") - v + of("r") * i)
        else:
            v = v + DT / of("tau") * (of("v_leak") - v + of("r") * x)
        fires = not isinstance(node, nir.LI) and v > of("v_threshold")
        self.memory[key] = (of("v_reset") if fires else v), i
        return v if isinstance(node, nir.LI) else float(fires)

    def convolved(self, node, x):
        _, inner, taps = node.weight.shape
        span = node.dilation * (taps - 1)
        before, whole = (span // 2, span) if node.padding == "same" else (0, 0)
        if isinstance(node.padding, int):
            before, whole = node.padding, 2 * node.padding
        length = (x.shape[1] + whole - span - 1) // node.stride + 1
        out = np.empty((len(node.weight), length), object)
        for o, n in np.ndindex(out.shape):
            group = o // (len(node.weight) // node.groups)
            out[o, n] = float(node.bias[o])
            for c, k in np.ndindex(inner, taps):
                at = n * node.stride + k * node.dilation - before
                if 0 <= at < x.shape[1]:
                    out[o, n] += node.weight[o, c, k] * x[group * inner + c, at]
        return out


def product(a, b):
    return float(a) * float(b)


@given(seed=seeds)
def test_runs_any_graph_as_if_one_neuron_at_a_time(make_graph, seed):
    graph = make_graph(seed)
    x = np.random.default_rng(seed).integers(-8, 9, (6, *graph.nodes["in"].input_type["input"]))
    assert np.array_equal(run(graph, x / 4, DT), OneAtATime(graph).run(x / 4))


@settings(max_examples=30)
@given(seed=seeds, cut=st.integers(0, 6))
def test_is_causal(make_graph, seed, cut):
    graph = make_graph(seed)
    x = np.random.default_rng(seed).integers(-8, 9, (6, *graph.nodes["in"].input_type["input"]))
    assert np.array_equal(run(graph, x[:cut], DT), run(graph, x, DT)[:cut])


@settings(max_examples=30)
@given(seed=seeds)
def test_a_file_runs_as_the_graph_that_was_written(make_graph, tmp_path_factory, seed):
    graph = make_graph(seed)
    path = tmp_path_factory.mktemp("nir") / "graph.nir"
    write_graph(graph, path)
    x = np.random.default_rng(seed).integers(-8, 9, (6, *graph.nodes["in"].input_type["input"]))
    assert np.array_equal(run_graph(read_graph(path), x, DT), run(graph, x, DT))


@settings(max_examples=30)
@given(seed=seeds)
def test_leaves_the_graph_as_it_was(make_graph, seed):
    graph, again = make_graph(seed), make_graph(seed)
    x = np.ones((3, *graph.nodes["in"].input_type["input"]))
    run(graph, x, DT)
    for name, node in graph.nodes.items():
        np.testing.assert_equal(vars(node), vars(again.nodes[name]))


def test_lif_is_eulers(chain, lif):
    x = np.array([[600.0, 0.0]] * 5)
    out = run(chain(lif(v_threshold=100)), x, 2e-4)
    # v: 120; reset; then the same again. A strict threshold: the second unit stays at 0.
    assert out.T.tolist() == [[1] * 5, [0] * 5]
    v, expected = 0.0, []
    for _ in range(5):
        v += 0.2 * (5 - v)
        expected.append(v)
    li = nir.LI(tau=vector(1e-3), r=vector(1), v_leak=vector(5))
    assert np.allclose(run(chain(li), np.zeros((5, 2)), 2e-4).T, expected)


def test_if_integrates_and_threshold_is_strict(chain):
    unit = nir.IF(r=vector(1000), v_threshold=vector(1), v_reset=vector(0))
    out = run(chain(unit), np.full((6, 2), 0.5), 1e-3)
    assert out[:, 0].tolist() == [0, 0, 1, 0, 0, 1]
    step = chain(nir.Threshold(vector(0.5)))
    assert run(step, np.array([[0.5, 0.50001]]), 1.0).tolist() == [[0, 1]]


def test_voltage_goes_where_the_reset_says(chain, lif):
    unit = lif(tau=2e-3, v_threshold=1, v_reset=-3)
    # v: 2, so a spike and -3; then -3 + (4 + 3) / 2 = 1/2; then 9/4, a spike.
    assert run(chain(unit), np.full((3, 2), 4.0), 1e-3)[:, 0].tolist() == [1, 0, 1]


def test_cuba_lif_and_matrices(chain):
    cuba = nir.CubaLIF(
        tau_syn=vector(2e-3),
        tau_mem=vector(2e-3),
        r=vector(1),
        v_leak=vector(0),
        v_threshold=vector(0.2),
        w_in=vector(1),
    )
    out = run(chain(cuba), np.array([[1.0, 0.1], [0, 0], [0, 0]]), 1e-3)
    # I = 1/2, 1/4, ..; v = 1/4 > 0.2 at once.
    assert out.T.tolist() == [[1, 0, 0], [0, 0, 0]]
    linear = chain(nir.Linear(np.array([[1.0, 2, 3]])), nir.Scale(np.array([2.0])), width=3, out=1)
    assert run(linear, np.ones((1, 3)), 1.0).tolist() == [[12.0]]


def test_skips_and_branches_are_summed():
    nodes = {
        "in": nir.Input({"input": np.array([2])}),
        "twice": nir.Scale(vector(2)),
        "tenfold": nir.Scale(vector(10)),
        "out": nir.Output({"output": np.array([2])}),
    }
    edges = [
        ("in", "twice"),
        ("in", "tenfold"),
        ("tenfold", "out"),
        ("twice", "out"),
        ("in", "out"),
    ]
    assert run(nir.NIRGraph(nodes, edges), [[1, 2]], 1.0).tolist() == [[13, 26]]


def test_delay_is_in_seconds_and_begins_with_nothing(chain):
    graph = chain(nir.Delay(np.array([0.0, 2e-3])))
    out = run(graph, np.array([[1, 1], [2, 2], [3, 3]]), 1e-3)
    assert out.T.tolist() == [[1, 2, 3], [0, 0, 1]]
    with pytest.raises(GraphError, match=r"'delay': delay 0.002 s is no whole number of steps"):
        run(graph, np.zeros((1, 2)), 1.5e-3)
    assert not run(chain(nir.Delay(vector(1e9))), np.ones((4, 2)), 1e-3).any()


def test_nothing_to_do(chain, lif):
    assert run(chain(lif()), np.zeros((0, 2)), 1e-4).shape == (0, 2)


@pytest.mark.parametrize(
    ("x", "dt", "words"),
    [
        (np.zeros((1, 3)), 1e-4, r"input is \(1, 3\).*\(T, 2\) are needed"),
        (np.zeros(2), 1e-4, "input is"),
        (np.full((1, 2), np.nan), 1e-4, "finite"),
        (np.array([["a", "b"]]), 1e-4, "numbers"),
        (np.zeros((1, 2)), 0.0, "dt is 0"),
        (np.zeros((1, 2)), np.nan, "dt is nan"),
        (np.zeros((1, 2)), 2e-3, "'lif': dt 0.002 s exceeds its tau 0.001 s"),
    ],
)
def test_refuses_other_inputs(chain, lif, x, dt, words):
    with pytest.raises(GraphError, match=words):
        run(chain(lif()), x, dt)


def test_what_closes_a_cycle_is_a_step_late():
    """Two units that inhibit themselves, and a bias on the way back, by hand."""
    ends = nir.Input({"input": np.array([2])}), nir.Output({"output": np.array([2])})
    nodes = {
        "in": ends[0],
        "unit": nir.Threshold(vector(0.5)),
        "back": nir.Affine(-np.eye(2), vector(0.25)),
        "out": ends[1],
    }
    edges = [("in", "unit"), ("unit", "back"), ("back", "unit"), ("unit", "out")]
    graph = nir.NIRGraph(nodes, edges, type_check=False)
    x = np.array([[1, 0.375], [1, 0.25], [1, 0]])
    assert run(graph, x, 1.0).tolist() == [[1, 1], [0, 0], [1, 0]]


def test_several_inputs_are_named():
    one = nir.Input({"input": np.array([2])})
    nodes = {"a": one, "b": one, "out": nir.Output({"output": np.array([2])})}
    graph = parse_graph(nir.NIRGraph(nodes, [("a", "out"), ("b", "out")], type_check=False))
    x = np.ones((3, 2))
    assert run_graph(graph, {"a": x, "b": 2 * x}, 1.0).tolist() == (3 * x).tolist()
    with pytest.raises(GraphError, match="2 Input nodes, 'a', 'b'"):
        run_graph(graph, x, 1.0)
    with pytest.raises(GraphError, match="input has 'a', 'c'; 'a', 'b' are needed"):
        run_graph(graph, {"a": x, "c": x}, 1.0)
    with pytest.raises(GraphError, match="3 of 'a', 2 of 'b'"):
        run_graph(graph, {"a": x, "b": x[1:]}, 1.0)


@settings(max_examples=40)
@given(seed=seeds)
def test_convolutions_and_pools_are_what_scipy_makes_of_them(seed):
    rng = np.random.default_rng(seed)
    groups, dilation, stride = (int(rng.integers(1, 3)) for _ in range(3))
    shape = (2 * groups, *(int(n) for n in rng.integers(5, 8, 2)))
    weight = rng.integers(-3, 4, (2 * groups, 2, *rng.integers(1, 4, 2))).astype(float)
    around = [0, (1, 2), "valid", "same"][rng.integers(4)]
    stride = 1 if around == "same" else stride
    bias = rng.integers(-2, 3, len(weight)).astype(float)
    conv = nir.Conv2d(None, weight, stride, around, (1, dilation), groups, bias)
    pads = {"same": None, "valid": (0, 0)}.get(around, np.broadcast_to(around, 2))
    x = rng.integers(-3, 4, (2, *shape)).astype(float)
    found = alone(conv, x)
    for t, o in np.ndindex(2, len(weight)):
        kernel = np.kron(weight[o], np.eye(1, dilation)[None])[..., : dilation * weight.shape[3]]
        kernel = kernel[..., : dilation * (weight.shape[3] - 1) + 1]
        if pads is None:
            spans = np.array(kernel.shape[1:]) - 1
            widths = [(0, 0), *((s // 2, s - s // 2) for s in spans)]
        else:
            widths = [(0, 0), *((int(p), int(p)) for p in pads)]
        first = 2 * (o // 2)
        plane = np.pad(x[t, first : first + 2], widths)
        wanted = correlate(plane, kernel, "valid")[0, ::stride, ::stride] + bias[o]
        assert np.array_equal(found[t, o], wanted)


def test_pools_sum_and_average_with_the_padding():
    x = np.arange(16.0).reshape(1, 1, 4, 4)
    assert alone(nir.SumPool2d(2, 2, 0), x).ravel().tolist() == [10, 18, 42, 50]
    assert alone(nir.AvgPool2d((2, 2), (2, 2), (1, 1)), x)[0, 0, 0, 0] == 0
    assert alone(nir.AvgPool2d(2, 2, 1), x)[0, 0, 1, 1] == (5 + 6 + 9 + 10) / 4


def alone(node, x):
    given = x.shape[1:]
    nodes = {
        "in": nir.Input({"input": np.array(given)}),
        "a": node,
        "out": nir.Output({"output": np.array(output_shape("a", node, given))}),
    }
    return run(nir.NIRGraph(nodes, [("in", "a"), ("a", "out")], type_check=False), x, 1.0)
