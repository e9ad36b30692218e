from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.integers.delivery import activations, stored_weights
from neuromorphic.integers.exact import chip_weights
from neuromorphic.integers.fixed_point import Neuron, rest, run, step
from neuromorphic.lava import shim

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds, shift=st.integers(1, 12))
def test_a_layer_loses_no_bit_and_wraps_no_sum(make_layer, make_payload, seed, shift):
    layer = make_layer(seed, shift=shift)
    weight, exponent = chip_weights(layer.weight, layer.shift)
    assert np.array_equal(stored_weights(weight), weight)
    current = activations(weight, exponent, make_payload(layer, seed))
    low, high = layer.current_bounds()
    assert (current >= low[:, None]).all()
    assert (current <= high[:, None]).all()


@given(
    activation=st.integers(1 - 2**17, 2**17 - 1), du=st.integers(0, 4095), dv=st.integers(0, 4096)
)
def test_state_stays_in_24_bits(activation, du, dv):
    neuron = Neuron(du, dv, 1, np.array([4095]), 7)
    state = rest(1)
    for sign in (1, 1, -1):
        state, _ = step(state, np.array([sign * activation]), neuron)
        assert abs(state.u[0]) <= LAVA.wrap
        assert abs(state.v[0]) < LAVA.wrap


def test_current_wraps_and_flips_a_strong_spike():
    neuron = Neuron(4095, 4096, 1, np.zeros(2, np.int64), 6)
    state, fires = step(rest(2), np.array([2**17 - 1, 2**17 + 1]), neuron)
    assert fires.tolist() == [True, False]
    assert state.u.tolist() == [LAVA.wrap - 64, 64 - LAVA.wrap]


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


def test_fewer_weight_bits_drop_more():
    narrow = Arithmetic(weight_bits=6)
    mixed = np.array([[7, -7, 9, -9]], np.int32)
    assert stored_weights(mixed, narrow).tolist() == [[0, -8, 8, -16]]
    assert stored_weights(-np.abs(mixed), narrow).tolist() == [[-4, -4, -8, -8]]


def test_narrow_states_wrap_and_stop_sooner():
    narrow = Arithmetic(state_bits=16)
    neuron = Neuron(4095, 4096, 1, np.zeros(2, np.int64), 6)
    state, fires = step(rest(2), np.array([2**9 - 1, 2**9 + 1]), neuron, narrow)
    assert fires.tolist() == [True, False]
    assert state.u.tolist() == [narrow.wrap - 64, 64 - narrow.wrap]


@given(seed=seeds, bits=st.integers(2, 8))
def test_every_step_equals_the_model_of_lava(lava, seed, bits):
    """Decays, resets, negative weights and wrap-around, step by step against Lava's own code."""
    rng = np.random.default_rng(seed)
    weight = (rng.integers(-300, 300, (12, 9)) * rng.choice([-1, 0, 1], p=[0.1, 0.1, 0.8])).astype(
        np.int32
    )
    weight = rng.choice([weight, np.abs(weight), -np.abs(weight)])
    payload = rng.integers(-127, 128, (9, 40))
    exponent = int(rng.integers(-6, 3))
    neuron = Neuron(
        du=rng.integers(0, 4096, 12),
        dv=rng.integers(0, 4097, 12),
        vth=int(rng.integers(0, 2 ** rng.integers(1, 18))),
        bias_mant=rng.integers(-4095, 4096, 12),
        bias_exp=int(rng.integers(-7, 8)),
    )
    widths = Arithmetic(weight_bits=bits)
    expected = lava(weight, exponent, payload, neuron, bits)
    current = activations(weight, exponent, payload, widths)
    assert np.array_equal(current, expected.current)
    assert np.array_equal(run(current, neuron, widths)[0], expected.spikes)
    state = rest(12)
    for t in range(40):
        state, _ = step(state, current[:, t], neuron)
        assert np.array_equal(state.u, expected.u[t])
        assert np.array_equal(state.v, expected.v[t])


@pytest.fixture(scope="module")
def lava():
    """Lava's bit-accurate Dense and LIF, called without its processes."""
    shim.apply()
    from lava.proc.lif.models import PyLifModelBitAcc
    from lava.utils import weightutils

    def run_models(weight, exponent, payload, neuron, bits):
        mode = weightutils.determine_sign_mode(weight)
        stored = weightutils.clip_weights(weight, mode, num_bits=8)
        stored = weightutils.truncate_weights(stored, mode, bits)
        current = stored @ payload
        current = current << exponent if exponent > 0 else current >> -exponent
        model = PyLifModelBitAcc({})
        model.u, model.v = np.zeros((2, len(weight)), np.int32)
        model.du, model.dv, model.vth = neuron.du, neuron.dv, neuron.vth
        model.bias_mant, model.bias_exp = neuron.bias_mant.astype(np.int16), neuron.bias_exp
        model.scale_bias()
        model.scale_threshold()
        found = SimpleNamespace(current=current, spikes=[], u=[], v=[])
        for activation in current.T.astype(np.int32):
            model.subthr_dynamics(activation)
            fires = model.spiking_activation()
            model.reset_voltage(fires)
            found.spikes.append(fires)
            found.u.append(model.u.copy())
            found.v.append(model.v.copy())
        found.spikes = np.array(found.spikes).T
        return found

    return run_models
