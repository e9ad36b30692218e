import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.costs.counts import count
from neuromorphic.integers.network import Connection, Layer, Network
from runtime.errors import GraphError


@given(seed=st.integers(0, 2**32 - 1), silent=st.integers(0, 39))
def test_counts_are_those_of_a_loop(make_layer, make_payload, seed, silent):
    layer = make_layer(seed)
    payload = make_payload(layer, seed)
    payload[:, silent:] *= payload[:, silent:] > 60
    bits = layer.spikes(payload)
    found = count(layer.network(), payload)["bottleneck"]
    words = sum(int(p != 0) for p in payload.flat)
    planes = sum(format(int(p) & 0xFF, "b").count("1") for p in payload.flat)
    driven = sum(
        any(w != 0 and p != 0 for w, p in zip(row, column, strict=True))
        for column in payload.T
        for row in layer.weight
    )
    n, (m, t) = layer.units, payload.shape
    reach = [sum(int(w != 0) for w in column) for column in layer.weight.T]
    events = sum(to * int((row != 0).sum()) for to, row in zip(reach, payload, strict=True))
    plane_events = sum(
        to * format(int(p) & 0xFF, "b").count("1")
        for to, row in zip(reach, payload, strict=True)
        for p in row
    )
    assert (found.units, found.inputs, found.steps) == (n, m, t)
    assert (found.input_words, found.synaptic_events) == (words, events)
    assert (found.plane_spikes, found.plane_events) == (planes, plane_events)
    assert (found.driven_updates, found.idle_updates) == (driven, t * n - driven)
    assert found.spikes == bits.sum()
    assert found.dense_macs == n * m * t
    assert found.weight_words * 8 >= found.dense_macs > (found.weight_words - 1) * 8


@given(value=st.integers(-127, 127))
def test_planes_carry_the_payload(value):
    """The mapping that is charged: a bit an axon, the sign bit's weights negated."""
    bits = np.unpackbits(np.array([value], np.int8).view(np.uint8), bitorder="little")
    worth = [1, 2, 4, 8, 16, 32, 64, -128]
    assert int(bits.astype(int) @ worth) == value


def test_an_empty_recording_costs_nothing(make_layer):
    layer = make_layer(0)
    found = count(layer.network(), np.empty((layer.inputs, 0), np.int8))["bottleneck"]
    assert (found.steps, found.synaptic_events, found.dense_macs) == (0,) * 3


def test_layers_hear_the_spikes_of_those_before_and_the_last_alone_leave(make_layer, make_payload):
    first, second = make_layer(1), make_layer(2, units=4, inputs=9)
    (own,), (next_one,) = first.network().layers, second.network().layers
    heard = Connection(0, next_one.connections[0].synapse)
    network = Network((own, Layer("second", (heard,), next_one.neuron)))
    payload = make_payload(first, 1)
    found = count(network, payload)
    spikes = int(first.spikes(payload).sum())
    assert (found["bottleneck"].spikes, found["bottleneck"].leaving) == (spikes, 0)
    assert (found["second"].input_words, found["second"].plane_spikes) == (spikes, spikes)
    assert found["second"].synaptic_events == 4 * spikes
    assert found["second"].leaving == found["second"].spikes


def test_refuses_a_payload_of_another_shape(make_layer):
    with pytest.raises(GraphError, match="payload is"):
        count(make_layer(0).network(), np.zeros((3, 4), np.int8))
