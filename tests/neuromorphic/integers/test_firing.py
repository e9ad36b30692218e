"""Units that fire otherwise than Lava's LIF: in our executor, compiled or not, and on Lava."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Conv2d, Dense
from neuromorphic.integers import fixed_point, loops
from neuromorphic.integers.delivery import returning
from neuromorphic.integers.firing import COUNT_MAX, Firing
from neuromorphic.integers.fixed_point import Neuron, run
from neuromorphic.integers.network import (
    INPUT,
    SELF,
    START,
    Connection,
    Layer,
    Network,
    run_network,
)
from neuromorphic.lava.driver import run_on_lava

firings = st.builds(Firing, *[st.booleans()] * 5).filter(lambda f: f.subtracts or not f.late)


def units(rng, size, firing):
    du, dv = rng.integers(0, 2500, size), rng.integers(0, 900, size)
    return Neuron(
        du, dv, int(rng.integers(firing.many, 40)), rng.integers(-99, 100, size), 3, firing
    )


def doubled(rng, rows, columns):
    return Dense(2 * rng.integers(-9, 10, (rows, columns)).astype(np.int32), -1)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), firing=firings, returns=st.booleans())
def test_the_compiled_loop_is_the_steps(seed, firing, returns):
    pytest.importorskip("numba")
    rng = np.random.default_rng(seed)
    neuron, sums = units(rng, 6, firing), rng.integers(-40, 60, (6, 30))
    last = rng.integers(0, 2, 6).astype(firing.message)
    back = returning([doubled(rng, 6, 6)], last[:, None]) if returns else None
    found = []
    with pytest.MonkeyPatch.context() as patch:
        for used in (None, loops):
            patch.setattr(fixed_point, "loops_for", lambda size, used=used: used)
            found.append(run(sums, neuron, back=back))
    (one, end), (other, after) = found
    assert one.dtype == other.dtype
    assert np.array_equal(one, other)
    for name in ("u", "v", "owed"):
        assert np.array_equal(getattr(end, name), getattr(after, name))


def integrating(firing):
    return Neuron(4095, 0, 4, np.zeros(1, np.int64), 6, firing)


@pytest.mark.parametrize(
    ("firing", "wanted"),
    [
        (Firing(), [0, 1, 0, 0, 0, 0]),
        (Firing(ties=True), [0, 1, 1, 0, 0, 0]),
        (Firing(subtracts=True), [0, 1, 1, 0, 0, 0]),
        (Firing(subtracts=True, late=True), [0, 1, 1, 0, 0, 0]),
        (Firing(subtracts=True, many=True, ties=True), [0, 1, 1, 0, 0, 0]),
        (Firing(subtracts=True, floor=True), [0, 1, 1, 0, 1, 0]),
    ],
)
def test_of_sums_3_3_4_minus_9_9_0_at_a_threshold_of_4(firing, wanted):
    sums = np.array([[3, 3, 4, -9, 9, 0]])
    assert run(sums, integrating(firing))[0][0].astype(int).tolist() == wanted


def test_a_message_counts_as_many_spikes_as_it_can_and_the_rest_waits():
    many = integrating(Firing(subtracts=True, many=True))
    sent, state = run(np.array([[4 * (COUNT_MAX + 2) + 1, 0, 0]]), many)
    assert sent[0].tolist() == [COUNT_MAX, 2, 0]
    assert state.v == 1 << 6


def network(seed, firing):
    """A convolution of counts, a pool with it in one synapse, recurrence, and a start."""
    rng = np.random.default_rng(seed)
    first = Conv2d(
        rng.integers(-9, 12, (2, 1, 3, 3)).astype(np.int32), (5, 4), (1, 1), ((1, 1),) * 2
    )
    weights = csr_array(2 * rng.integers(-9, 12, (6, 40)) * (rng.random((6, 40)) < 0.3))
    bits = 8 if firing.many else 1
    layers = (
        Layer("conv", (Connection(INPUT, first),), units(rng, 40, firing)),
        Layer(
            "back",
            (
                Connection(START, doubled(rng, 6, 1)),
                Connection(0, Sparse(weights, -1), bits),
                Connection(SELF, doubled(rng, 6, 6), bits),
                Connection(INPUT, doubled(rng, 6, 20)),
            ),
            units(rng, 6, firing),
        ),
    )
    return Network(layers, outputs=(1, 0)), rng.integers(0, 3, (20, 25)).astype(np.int8)


@pytest.mark.parametrize(
    "firing",
    [
        Firing(),
        Firing(subtracts=True, late=True),
        Firing(subtracts=True, ties=True, many=True, floor=True),
    ],
)
def test_lava_spikes_alike(firing):
    net, payload = network(3, firing)
    ours = run_network(net, payload)
    assert ours.shape == (46, 25)
    assert (ours > 0).any(axis=1).sum() > 10
    assert np.array_equal(run_on_lava(net, payload), ours)
