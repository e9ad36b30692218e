import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs.dialects import DIALECTS, NIR, dialect, proposed, written
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from runtime.errors import GraphError

IF = nir.IF(*(np.array([value]) for value in (1.0, 1.0, 0.25)))


def spikes(chain, node, x, said, dt=1.0):
    graph = parse_graph(chain(node, width=1, out=1))
    return run_graph(graph, np.array(x)[:, None], dt, dialect(said)).ravel().tolist()


def test_a_unit_is_reset_as_its_dialect_says(chain):
    x = [1.5, 0.75, 0.25, 0.25]
    assert spikes(chain, IF, x, "nir") == [1, 0, 1, 0]  # 0.25 is left, then 1.0, then 1.25
    assert spikes(chain, IF, x, "lava") == [1, 0, 0, 1]
    assert spikes(chain, IF, x, "nir,reset=subtract") == [1, 1, 0, 0]
    assert spikes(chain, IF, x, "snntorch") == [1, 1, 0, 0]
    assert spikes(chain, IF, x, "snntorch,reset=zero") == spikes(chain, IF, x, "lava")


def test_equality_fires_where_it_does(chain):
    assert spikes(chain, IF, [1.0], "nir") == [0]
    assert spikes(chain, IF, [0.75], "spikingjelly") == [1]  # which starts at v_reset
    assert spikes(chain, IF, [1.0], "sinabs") == [1]


def test_several_spikes_leave_in_one_step_and_a_floor_holds(chain):
    x = [3.5, -9.0, 1.5]
    assert spikes(chain, IF, x, "sinabs") == [3, 0, 0]
    assert spikes(chain, IF, x, "sinabs,floor") == [3, 0, 0]
    assert spikes(chain, IF, [-9.0, 2.0], "sinabs,floor") == [0, 1]


def test_exporters_that_forget_a_factor_are_understood(chain):
    ones = np.ones(1)
    cell = nir.CubaLIF(*(ones * 4, ones * 4, ones, 0 * ones, ones / 4, 0 * ones), w_in=ones)
    x = [1.0, 0, 0, 0]
    assert spikes(chain, cell, x, "nir") == [0, 0, 0, 0]
    assert spikes(chain, cell, [1.25, 0, 0, 0], "norse") == [1, 0, 1, 0]
    lif = nir.LIF(ones * 4, ones, 0 * ones, ones * 0.9, v_reset=0 * ones)
    assert spikes(chain, lif, [1.0], "nir") == [0]
    assert spikes(chain, lif, [1.0], "sinabs") == [1]


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_subtracted_is_what_was_added(chain, seed):
    """Of an integrator that subtracts, input, spikes and what is left add up; none is lost."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 16, (30, 1)) / 8
    unit = nir.IF(np.ones(1), np.ones(1), np.zeros(1))
    graph = parse_graph(chain(unit, width=1, out=1))
    for said in ("sinabs", "rockpool"):
        total = run_graph(graph, x, 1.0, dialect(said)).sum()
        assert total == np.floor(x.sum())
    assert run_graph(graph, x, 1.0, dialect("snntorch")).max() <= 1


def test_names_and_facts_that_are_not_there_are_refused(chain):
    assert dialect("nir") == NIR
    assert dialect("sinabs,floor=no,many=no").many is False
    for said, words in (
        ("brian", "'brian' is unknown; choose from nir, snntorch"),
        ("nir,colour=red", "'colour' is no fact"),
        ("nir,reset=never", "reset is 'never'; choose from v_reset, zero, subtract"),
    ):
        with pytest.raises(GraphError, match=words):
            dialect(said)
    below = nir.IF(np.ones(1), -np.ones(1), np.zeros(1))
    with pytest.raises(GraphError, match="v_threshold is -1; the dialect sinabs divides by it"):
        spikes(chain, below, [1.0], "sinabs")


def test_a_maker_is_proposed_by_names_and_metadata(chain, lif):
    graph = chain(lif())
    assert proposed(parse_graph(graph)) is None
    graph.metadata = {"framework": "Norse 1.1"}
    found = proposed(parse_graph(graph))
    assert found is not None
    assert found[0] == "norse"
    ends = {"input_1": graph.nodes["input"], "output": graph.nodes["output"]}
    nodes = {**ends, "_0": graph.nodes["lif"]}
    named = nir.NIRGraph(nodes, [("input_1", "_0"), ("_0", "output")])
    assert proposed(parse_graph(named))[0] == "spikingjelly"
    assert set(DIALECTS) >= {"spikingjelly", "norse"}


@pytest.mark.parametrize(
    "said", [*DIALECTS, "sinabs,floor", "snntorch,reset=zero,late=no", "nir,decay=exponential"]
)
def test_a_dialect_is_written_as_it_is_read(said):
    assert written(dialect(said)) == said
    assert dialect(written(dialect(said))) == dialect(said)


def test_a_factor_that_float32_rounded_is_whole(chain):
    """Ties stay ties: tau and r of a decay of 1 - 1/16.477, as a float64 exporter writes them."""
    tau = np.full(3, 0.0016477088853123936)
    node = nir.LIF(
        tau=tau, r=np.full(3, 16.477088853123934), v_leak=0 * tau, v_threshold=0 * tau + 1
    )
    graph = parse_graph(
        nir.NIRGraph.from_list(
            nir.Input({"input": np.array([3])}), node, nir.Output({"output": np.array([3])})
        )
    )
    fires = run_graph(graph, np.ones((1, 3)), 1e-4, dialect("spikingjelly"))
    assert fires.all()
