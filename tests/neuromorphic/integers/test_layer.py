import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.integers.bounds import peak_sums, worst_sum
from neuromorphic.integers.layer import CURRENT_LIMIT, IntegerLayer
from neuromorphic.integers.network import BLOCK
from runtime.errors import GraphError

seeds = st.integers(0, 2**32 - 1)
shifts = st.integers(1, 12)


def small(**changes):
    values = {"weight": np.ones((2, 3), np.int32), "bias": np.zeros(2, np.int32), "shift": 0}
    return IntegerLayer(**{**values, **changes})


@given(seed=seeds, shift=shifts)
def test_spikes_follow_the_definition(make_layer, make_payload, seed, shift):
    layer = make_layer(seed, shift=shift)
    payload = make_payload(layer, seed)
    sums = layer.weight.astype(np.int64) @ payload.astype(np.int64)
    expected = (sums >> shift) + layer.bias[:, None] >= 0
    assert np.array_equal(layer.spikes(payload), expected)
    # The second form of the definition, with a strict threshold half-way between integers.
    middle = sums + layer.bias[:, None].astype(np.int64) * 2**shift + 0.5
    assert np.array_equal(layer.spikes(payload), middle > 0)


@given(seed=seeds, shift=shifts)
def test_bounds_hold_and_are_attained(make_layer, make_payload, seed, shift):
    layer = make_layer(seed, shift=shift)
    low, high = layer.current_bounds()
    assert max(high.max(), -low.min()) < CURRENT_LIMIT
    for sign, bound in ((127, high), (-127, low)):
        worst = (sign * np.sign(layer.weight.T)).astype(np.int64)
        assert np.array_equal(np.diag(layer.weight @ worst) >> shift, bound)
    network, worst = layer.network(), max(high.max(), -low.min())
    assert worst_sum(network.layers[0], 8) == worst
    payload = make_payload(layer, seed)
    peak = np.abs(layer.weight.astype(int) @ payload >> shift).max()
    assert peak_sums(network, payload) == {"bottleneck": peak}
    assert peak <= worst


def test_near_ties_are_among_the_payloads(make_layer, make_payload):
    layer = make_layer(1)
    payload = make_payload(layer, 1, 4000)
    distance = layer.weight @ payload.astype(np.int64) + (layer.bias[:, None] << layer.shift)
    assert (distance == 0).any()
    assert (distance == -1).any()


@given(seed=seeds, cut=st.integers(0, 40))
def test_a_recording_may_be_cut_anywhere(make_layer, make_payload, seed, cut):
    layer = make_layer(seed)
    payload = make_payload(layer, seed)
    parts = [layer.spikes(payload[:, :cut]), layer.spikes(payload[:, cut:])]
    assert np.array_equal(np.concatenate(parts, axis=1), layer.spikes(payload))


def test_blocks_and_wide_sums_are_exact():
    # 1200 * 127 * 127 exceeds 2^24, where float32 would begin to round.
    rng = np.random.default_rng(0)
    weight = rng.integers(120, 128, (3, 1200)).astype(np.int32)
    layer = IntegerLayer(weight, np.array([-4093, 4093, 0], np.int32), 8)
    payload = rng.integers(-127, 128, (1200, BLOCK + 3)).astype(np.int8)
    payload[:, -3:] = 127
    expected = (weight.astype(np.int64) @ payload.astype(np.int64) >> 8) + layer.bias[:, None] >= 0
    assert np.array_equal(layer.spikes(payload), expected)


def test_empty_recording(make_layer):
    layer = make_layer(0)
    assert layer.spikes(np.empty((layer.inputs, 0), np.int8)).shape == (layer.units, 0)
    assert peak_sums(layer.network(), np.empty((layer.inputs, 0), np.int8)) == {"bottleneck": 0}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"weight": np.full((2, 3), 128)}, "weight reaches"),
        ({"weight": np.full((2, 3), -128, np.int8)}, "weight reaches"),
        ({"weight": np.full((2, 3), 0.5)}, "not integers"),
        ({"weight": np.full((2, 3), np.nan)}, "not integers"),
        ({"weight": np.ones(3)}, "weight is"),
        ({"weight": np.ones((2, 0))}, "empty"),
        ({"weight": np.ones((2, 3), bool)}, "weight is"),
        ({"bias": np.zeros(3)}, "3 values for 2 units"),
        ({"bias": np.full(2, 4094)}, "bias reaches"),
        ({"bias": np.full(2, np.inf)}, "not integers"),
        ({"shift": -1}, "shift is -1"),
        ({"shift": 13}, "shift is 13"),
        ({"shift": 1.5}, "shift is 1.5"),
        ({"weight": np.full((2, 9), 127)}, "would wrap"),
    ],
)
def test_refuses_what_a_chip_cannot_hold(changes, words):
    with pytest.raises(GraphError, match=words):
        small(**changes)


@pytest.mark.parametrize(
    "payload",
    [
        np.zeros((4, 5), np.int8),
        np.zeros(3, np.int8),
        np.zeros((3, 5)),
        np.full((3, 5), -128, np.int8),
    ],
)
def test_refuses_other_payloads(payload):
    with pytest.raises(GraphError, match="payload"):
        small().spikes(payload)


def test_arrays_are_its_own_and_fixed():
    weight = np.ones((2, 3), np.int32)
    layer = small(weight=weight)
    weight[:] = 5
    assert (layer.weight == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0] = 2
