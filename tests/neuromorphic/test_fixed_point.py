import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.fixed_point import (
    WRAP,
    Neuron,
    activations,
    chip_weights,
    memoryless,
    rest,
    run,
    step,
    stored_weights,
)
from neuromorphic.loihi.driver import run_lif
from neuromorphic.loihi.shim import require_lava

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, shift=st.integers(1, 12))
def test_memoryless_neuron_is_the_integer_layer(make_layer, make_payload, seed, shift):
    layer = make_layer(seed, shift=shift)
    payload = make_payload(layer, seed)
    weight, exponent = chip_weights(layer)
    assert np.array_equal(stored_weights(weight), weight)
    current = activations(weight, exponent, payload)
    low, high = layer.current_bounds()
    assert (current >= low[:, None]).all()
    assert (current <= high[:, None]).all()
    assert np.array_equal(run(current, memoryless(layer)), layer.spikes(payload))


@given(
    activation=st.integers(1 - 2**17, 2**17 - 1), du=st.integers(0, 4095), dv=st.integers(0, 4096)
)
def test_state_stays_in_24_bits(activation, du, dv):
    neuron = Neuron(du, dv, 1, np.array([4095]), 7)
    state = rest(1)
    for sign in (1, 1, -1):
        state, _ = step(state, np.array([sign * activation]), neuron)
        assert abs(state.u[0]) <= WRAP
        assert abs(state.v[0]) < WRAP


def test_current_wraps_and_flips_a_strong_spike():
    neuron = Neuron(4095, 4096, 1, np.zeros(2, np.int64), 6)
    state, fires = step(rest(2), np.array([2**17 - 1, 2**17 + 1]), neuron)
    assert fires.tolist() == [True, False]
    assert state.u.tolist() == [WRAP - 64, 64 - WRAP]


def test_decay_rounds_towards_zero():
    state, _ = step(rest(2), np.array([1, -1]), Neuron(0, 0, 131071, np.zeros(2, np.int64), 0))
    assert state.u.tolist() == [64, -64]
    state, _ = step(state, np.zeros(2, np.int64), Neuron(2047, 2048, 131071, state.u, 0))
    assert state.u.tolist() == [32, -32]
    state, _ = step(state, np.zeros(2, np.int64), Neuron(4000, 0, 131071, state.u, 0))
    assert state.u.tolist() == [0, 0]


def test_odd_weights_of_mixed_sign_lose_a_bit():
    mixed = np.array([[3, -3, 300, -300]], np.int32)
    assert stored_weights(mixed).tolist() == [[2, -4, 254, -256]]
    assert stored_weights(np.abs(mixed)).tolist() == [[3, 3, 255, 255]]
    assert stored_weights(-np.abs(mixed)).tolist() == [[-3, -3, -255, -255]]


def test_negative_bias_exponent_floors():
    assert Neuron(0, 0, 1, np.array([-3, 3]), -1).bias.tolist() == [-2, 1]


@pytest.mark.parametrize("seed", [0, 1])
def test_random_networks_equal_lava(seed):
    """Recurrent decay, odd and negative weights, reset and wrap-around, against Lava itself."""
    require_lava()
    rng = np.random.default_rng(seed)
    weight = rng.integers(-256, 256, (40, 24)).astype(np.int32)
    payload = rng.integers(-127, 128, (24, 60)).astype(np.int8)
    exponent = (-3, 1)[seed]
    du, dv = int(rng.integers(0, 4096)), int(rng.integers(0, 4097))
    neuron = Neuron(du, dv, int(rng.integers(1, 3000)), rng.integers(-4095, 4096, 40), 5)
    # Lava's Dense is one step late, so that its neurons see one step of bias alone first.
    current = np.pad(activations(weight, exponent, payload), ((0, 0), (1, 0)))
    wraps = (np.abs(current) >= WRAP >> 6).any()
    assert wraps == (exponent > 0)
    ours = run(current, neuron)[:, 1:]
    assert 0 < ours.mean() < 1
    assert np.array_equal(run_lif(weight, exponent, neuron, payload), ours)
