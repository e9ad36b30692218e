import nir
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.counts import count, total
from neuromorphic.costs.graph_counts import count_graph
from neuromorphic.costs.ledger import bill
from neuromorphic.graphs import STEP
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.integers.nir_forms import exact_graph, portable_graph


@pytest.mark.parametrize("made", [exact_graph, portable_graph])
def test_the_codecs_layer_counts_as_it_does_as_integers(make_layer, make_payload, made):
    layer = make_layer(0)
    payload = make_payload(layer, 0)
    payload[:, :3] = 0
    own = count(layer.network(), payload)["bottleneck"]
    found = count_graph(parse_graph(made(layer.exact)), payload.T, STEP)
    assert len(found) == 2
    assert total(found.values()) == own


@given(seed=st.integers(0, 2**32 - 1))
def test_any_graph_is_counted(make_graph, seed):
    graph = make_graph(seed)
    shape = graph.nodes["in"].input_type["input"]
    x = np.random.default_rng(seed).integers(0, 2, (9, *shape))
    for name, counts in count_graph(parse_graph(graph), x, 2.0**-10).items():
        sources = sum(target == name for _, target in graph.edges)
        assert counts.steps == 9
        assert counts.driven_updates + counts.idle_updates == 9 * counts.units
        assert counts.spikes <= 9 * counts.units
        assert counts.leaving in (0, counts.spikes)
        if counts.inputs:
            assert counts.input_words <= sources * 9 * counts.inputs
            assert counts.synaptic_events <= sources * counts.dense_macs


def test_every_source_of_a_skip_connection_sends_its_own_events(chain):
    ones = np.ones(3)
    graph = chain(
        nir.Threshold(ones / 2),
        nir.Delay(STEP * np.array([0, 1, 2])),
        nir.Linear(np.ones((2, 3))),
        nir.LI(2 * STEP * ones[:2], ones[:2], 0 * ones[:2]),
        width=3,
    )
    graph.edges.append(("threshold", "linear"))
    x = np.zeros((6, 3))
    x[1] = 1
    found = count_graph(parse_graph(graph), x, STEP)
    threshold, linear, readout = found["threshold"], found["linear"], found["li"]
    assert (threshold.synaptic_events, threshold.spikes, threshold.leaving) == (3, 3, 0)
    assert (threshold.driven_updates, threshold.idle_updates) == (3, 15)
    assert (linear.input_words, linear.synaptic_events) == (6, 12)
    # Spikes that wait 0, 1 and 2 steps stir it in three of the six.
    assert (readout.driven_updates, readout.idle_updates, readout.spikes) == (6, 6, 0)


def test_the_bill_of_a_network_is_that_of_its_sum(chain, lif):
    chip, weight = load_chip("loihi1"), np.array([[1, 2], [3, -1]])
    graph = chain(nir.Linear(weight), lif(), nir.Linear(weight), lif())
    x = np.random.default_rng(0).integers(0, 2, (50, 2))
    layers = count_graph(parse_graph(graph), x, STEP)
    found = bill(chip, layers, 1.0)
    assert found.mid_j == pytest.approx(bill(chip, {"all": total(layers.values())}, 1.0).mid_j)
    assert {term.layer for term in found.terms} == {*layers, "chip"}
