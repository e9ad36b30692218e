import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from export.proof import prove, smallest_margin
from neuromorphic.integers.layer import PAYLOAD_MAX, IntegerLayer

seeds, shifts = st.integers(0, 2**32 - 1), st.integers(1, 5)


@given(seed=seeds, shift=shifts)
def test_no_payload_goes_beyond_the_bounds(make_layer, make_payload, seed, shift):
    layer = make_layer(seed, shift=shift)
    proof, payload = prove(layer.exact), make_payload(layer, seed)
    assert proof.holds
    sums = layer.weight.astype(np.int64) @ payload
    bias = layer.bias.astype(np.int64)[:, None]
    assert np.abs((sums >> shift) + bias + 2).max() <= proof.largest_chip_value
    assert np.abs(sums + (bias << shift) + 0.5).max() <= proof.largest_sum
    assert smallest_margin(layer.exact, payload) >= proof.smallest_margin


@given(seed=seeds, shift=shifts)
def test_the_largest_sum_is_reached(make_layer, seed, shift):
    layer = make_layer(seed, shift=shift)
    signs = np.sign(layer.weight).T * PAYLOAD_MAX  # a column a unit, its greatest sum
    bias = layer.bias.astype(np.int64)[:, None] << shift
    sums = [np.abs(sign * layer.weight @ signs + bias + 0.5).max() for sign in (1, -1)]
    assert prove(layer.exact).largest_sum - max(sums) <= 1


def test_a_layer_without_room_is_not_proved():
    one = np.zeros(1, np.int32)
    assert not prove(IntegerLayer(np.full((1, 128), 127), one, 5).exact).holds  # no portable margin
    assert prove(IntegerLayer(np.full((1, 60), 127), one, 5).exact).holds
    # The sum alone stays below 2^17, with the bias it does not.
    full = IntegerLayer(np.full((1, 8), 127), np.array([4093]), 0)
    assert full.sum_bounds()[0] < 2**17 < prove(full.exact).largest_chip_value
    assert not prove(full.exact).holds
