import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from neuromorphic.costs.counts import count
from neuromorphic.costs.sigma_delta import deltas, integrated
from runtime.errors import GraphError

SHAPES = st.tuples(st.integers(1, 4), st.integers(0, 12))
PAYLOADS = arrays(np.int8, SHAPES, elements=st.integers(-127, 127))


@given(payload=PAYLOADS)
def test_threshold_0_gives_every_bit_back(payload):
    np.testing.assert_array_equal(integrated(deltas(payload)), payload)


@given(payload=PAYLOADS, threshold=st.integers(0, 254))
def test_what_is_held_is_never_further_off_than_the_threshold(payload, threshold):
    sent = deltas(payload, threshold)
    error = np.abs(integrated(sent).astype(int) - payload)
    assert (error <= threshold).all()
    assert (np.abs(sent[sent != 0]) > threshold).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_spikes_are_the_same_and_events_are_those_sent(make_layer, make_payload, seed):
    layer = make_layer(seed)
    payload = make_payload(layer, seed)
    payload[:, 10:20] = payload[:, 9:10]  # nothing changes, nothing is sent
    sent = deltas(payload)
    np.testing.assert_array_equal(layer.spikes(integrated(sent)), layer.spikes(payload))
    found, plain = (count(layer.network(), payload, given)["bottleneck"] for given in (sent, None))
    assert found.input_words == np.count_nonzero(sent)
    reach = np.count_nonzero(layer.weight, axis=0)
    assert found.synaptic_events == np.count_nonzero(sent, axis=1) @ reach
    bits = np.array([[format(int(d) & 0x1FF, "b").count("1") for d in row] for row in sent])
    assert (found.plane_spikes, found.plane_events) == (bits.sum(), bits.sum(axis=1) @ reach)
    assert found.idle_updates >= 10 * layer.units
    assert (found.spikes, found.dense_macs) == (plain.spikes, plain.dense_macs)


@pytest.mark.parametrize("threshold", [-1, 255])
def test_a_threshold_out_of_range_is_refused(threshold):
    with pytest.raises(GraphError, match=f"threshold {threshold}"):
        deltas(np.zeros((2, 3), np.int8), threshold)
    with pytest.raises(GraphError, match="add up to 200"):
        integrated(np.full((1, 2), 100, np.int16))
