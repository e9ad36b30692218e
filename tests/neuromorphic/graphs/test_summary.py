import dataclasses

import nir
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.graphs.summary import summary

STATELESS = ("Affine", "Linear", "Conv1d")


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_synapses_are_the_products_of_a_step(make_graph, seed):
    """Weights of 1 on inputs of 1 without bias count their own products."""
    graph = parse_graph(make_graph(seed))
    rows = {row["node"]: row for row in summary(graph)}
    for stage in graph.stages:
        row = rows[stage.name]
        assert row["gives"] == list(stage.shape)
        if stage.kind not in STATELESS:
            assert row["synapses"] == row["zeros"] == 0
            continue
        zero = stage.node.weight == 0
        assert row["synapses"] == _sum(stage, np.ones(zero.shape))
        assert row["zeros"] == _sum(stage, zero.astype(float))


def _sum(stage, weight):

    node = dataclasses.replace(stage.node, weight=weight)
    if hasattr(node, "bias"):
        node = dataclasses.replace(node, bias=0 * node.bias)
    ends = nir.Input({"input": np.array(stage.given)}), nir.Output({"output": stage.shape})
    nodes = {"in": ends[0], "a": node, "out": ends[1]}
    graph = nir.NIRGraph(nodes, [("in", "a"), ("a", "out")], type_check=False)
    return run_graph(parse_graph(graph), np.ones((1, *stage.given)), 1.0).sum()


def test_says_what_is_in_a_graph(chain, lif):
    rows = summary(parse_graph(chain(lif(tau=2e-3))))
    assert [row["kind"] for row in rows] == ["Input", "LIF", "Output"]
    assert rows[1]["sources"] == ["input"]
    assert (rows[1]["neurons"], rows[1]["parameters"]) == (2, 10)
    assert rows[1]["values"]["tau"] == [2e-3, 2e-3]
