from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate

from neuromorphic.chips.arithmetic import LAVA, Arithmetic
from neuromorphic.graphs.synapses import Conv1d, Dense, fan_out, scaled
from neuromorphic.integers import network as networks
from neuromorphic.integers.delivery import deliver
from neuromorphic.integers.fixed_point import Neuron, rest, step
from neuromorphic.integers.network import (
    INPUT,
    Connection,
    Layer,
    Network,
    check,
    gathered,
    run_network,
)
from neuromorphic.lava import driver
from neuromorphic.lava.driver import run_on_lava
from runtime.errors import GraphError

seeds = st.integers(0, 2**32 - 1)


def neuron(rng, units, memory=True):
    du, dv = (rng.integers(0, 2500, units), rng.integers(0, 900, units)) if memory else (4095, 4096)
    return Neuron(du, dv, int(rng.integers(1, 500)), rng.integers(-400, 401, units), 5)


def dense(rng, units, inputs):
    return Dense(2 * rng.integers(-127, 128, (units, inputs)), -1 - int(rng.integers(0, 3)))


def convolution(rng, channels, width):
    groups = int(rng.choice([1, channels]))
    shape = (2 * groups, channels // groups, int(rng.integers(1, 4)))
    return Conv1d(
        weight=rng.integers(-127, 128, shape).astype(np.int32),
        width=width,
        stride=int(rng.integers(1, 3)),
        padding=tuple(map(int, rng.integers(0, 3, 2))),
        dilation=int(rng.integers(1, 3)),
        groups=groups,
    )


def random_network(seed):
    """A convolution, a matrix with a way around it, and units without memory at the end."""
    rng = np.random.default_rng(seed)
    first = convolution(rng, 3, 8)
    layers = (
        Layer("conv", (Connection(INPUT, first),), neuron(rng, first.units)),
        Layer("dense", (Connection(0, dense(rng, 7, first.units)),), neuron(rng, 7)),
        Layer(
            "sum",
            (
                Connection(1, dense(rng, 5, 7)),
                Connection(0, dense(rng, 5, first.units)),
                Connection(INPUT, dense(rng, 5, 24)),
            ),
            neuron(rng, 5, memory=False),
        ),
    )
    return Network(layers), rng.integers(-3, 4, (24, 30)).astype(np.int8)


@given(seed=seeds)
def test_a_network_is_its_layers_step_by_step(seed):
    network, payload = random_network(seed)
    states = [rest(layer.units) for layer in network.layers]
    for t, found in enumerate(run_network(network, payload).T):
        spikes = []
        for i, layer in enumerate(network.layers):
            current = gathered(layer, payload[:, t : t + 1], spikes)[:, 0]
            states[i], fires = step(states[i], current, layer.neuron)
            spikes.append(fires[:, None])
        assert np.array_equal(found, spikes[-1][:, 0])


@pytest.mark.parametrize("block", [1, 7, 29])
def test_blocks_change_nothing(monkeypatch, block):
    network, payload = random_network(3)
    whole = run_network(network, payload)
    monkeypatch.setattr(networks, "BLOCK", block)
    assert np.array_equal(run_network(network, payload), whole)


@pytest.mark.parametrize("seed", [1, 2])
def test_networks_equal_lava(seed):
    """Stock Dense, DelayDense, Conv and LIF: decay, bias, groups, skip connections."""
    network, payload = random_network(seed)
    ours = run_network(network, payload)
    assert 0 < ours.mean() < 1
    assert np.array_equal(run_on_lava(network, payload), ours)


def test_currents_that_wrap_do_so_on_lava_too():
    rng = np.random.default_rng(0)
    synapse = Dense(rng.integers(-256, 256, (40, 24)).astype(np.int32), 1)
    network = Network((Layer("a", (Connection(INPUT, synapse),), neuron(rng, 40)),))
    payload = rng.integers(-127, 128, (24, 60)).astype(np.int8)
    assert (np.abs(deliver(synapse, payload)) >= LAVA.wrap >> 6).any()
    assert np.array_equal(run_on_lava(network, payload), run_network(network, payload))


@given(seed=seeds)
def test_a_convolution_is_its_matrix_and_that_of_scipy(seed):
    rng = np.random.default_rng(seed)
    conv = convolution(rng, 4, 9)
    x = rng.integers(-127, 128, (conv.inputs, 3))
    found = conv.apply(x)
    assert np.array_equal(found, conv.matrix() @ x)
    assert np.array_equal(fan_out(conv), np.count_nonzero(conv.matrix(), axis=0))
    planes = np.pad(x.reshape(4, 9, 3), ((0, 0), conv.padding, (0, 0)))
    kernel = np.zeros((conv.weight.shape[2] - 1) * conv.dilation + 1)
    a_group = len(conv.weight) // conv.groups
    for n, unit in enumerate(found.reshape(len(conv.weight), conv.places, 3)):
        expected = 0
        for c in range(conv.weight.shape[1]):
            kernel[:: conv.dilation] = conv.weight[n, c]
            plane = planes[n // a_group * conv.weight.shape[1] + c]
            expected += correlate(plane, kernel[:, None], "valid")[:: conv.stride]
        assert np.allclose(unit, expected)


@given(seed=seeds)
def test_scaling_scales_and_keeps_a_convolution_where_it_can(seed):
    rng = np.random.default_rng(seed)
    conv = convolution(rng, 4, 9)
    x = rng.normal(0, 1, (conv.inputs, 3))
    factor = rng.uniform(0.5, 2, conv.units)
    assert np.allclose(deliver_float(scaled(conv, factor), x), factor[:, None] * conv.apply(x))
    by_channel = np.repeat(rng.uniform(0.5, 2, len(conv.weight)), conv.places)
    assert isinstance(scaled(conv, by_channel), Conv1d)


def deliver_float(synapse, x):
    return synapse.matrix() @ x


def test_a_network_without_memory_equals_lava_in_lanes(monkeypatch):
    """Copies side by side: a convolution by its groups, matrices by blocks, skips by delays."""
    rng = np.random.default_rng(4)
    network, payload = random_network(4)
    layers = tuple(
        replace(layer, neuron=neuron(rng, layer.units, False)) for layer in network.layers
    )
    monkeypatch.setattr(driver, "LANE", 8)
    ours = run_network(Network(layers), payload)
    assert 0 < ours.mean() < 1
    assert np.array_equal(run_on_lava(Network(layers), payload), ours)


def test_depths_count_the_synapses_of_the_longest_way():
    assert random_network(0)[0].depths() == [1, 2, 3]


@pytest.mark.parametrize(
    ("widths", "words"),
    [
        (Arithmetic(weight_bits=4), r"layer 'conv': weight reaches .* holds -8..7"),
        (Arithmetic(bias_mantissa=15), "'conv': bias reaches"),
        (Arithmetic(bias_exponent=3), "bias exponent reaches 5..5"),
        (Arithmetic(decay_unity=256), "du reaches"),
        (Arithmetic(threshold=0), "vth reaches"),
        (Arithmetic(payload_bits=2), r"payload reaches -3..3; spikes of 2 bits carry at most 1"),
        (Arithmetic(payload_bits=1), "payload reaches"),
    ],
)
def test_what_is_too_wide_for_a_chip_is_named(widths, words):
    network, payload = random_network(0)
    with pytest.raises(GraphError, match=words):
        run_network(network, payload, widths)


@pytest.mark.parametrize("payload", [np.zeros((24, 5)), np.zeros(24, int), np.zeros((23, 5), int)])
def test_refuses_other_payloads(payload):
    with pytest.raises(GraphError, match="payload is"):
        run_network(random_network(0)[0], payload)


def test_a_network_within_its_chip_is_checked_once():
    check(random_network(0)[0], LAVA)
