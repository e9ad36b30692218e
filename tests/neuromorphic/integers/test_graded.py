"""Layers that pass sums on, alone and before units that compare them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.fit import fit
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Dense
from neuromorphic.integers.bounds import peak_sums, worst_sums
from neuromorphic.integers.exact import chip_weights
from neuromorphic.integers.graded import Graded
from neuromorphic.integers.network import INPUT, Connection, Layer, Network, run_network
from neuromorphic.lava.driver import run_on_lava
from runtime.errors import GraphError

INPUTS, SUMS, SHIFT = 6, 5, 2
LARGEST = np.array([127, 127, 127, 127, 30_000, 9])  # of each input


def matrices(seed):
    rng = np.random.default_rng(seed)
    first = rng.integers(-31, 32, (SUMS, INPUTS)) * (np.arange(INPUTS) < 4)
    wide = np.zeros((SUMS, INPUTS), np.int64)
    wide[rng.integers(0, SUMS, 2), [4, 5]] = 1
    second = rng.integers(-9, 10, (7, SUMS)) * (rng.random((7, SUMS)) < 0.6)
    x = rng.integers(-LARGEST[:, None], LARGEST[:, None] + 1, (INPUTS, 40))
    return first, wide, second, x


def network(seed, sends="spike"):
    first, wide, second, x = matrices(seed)
    sums = Layer(
        "sums",
        (
            Connection(INPUT, Dense(*chip_weights(first.astype(np.int32), SHIFT))),
            Connection(INPUT, Sparse(csr_array(wide)), bits=16),
        ),
        Graded(),
    )
    last = Layer("last", (Connection(0, Sparse(csr_array(second)), bits=24),), Graded(sends))
    return Network((sums, last), LARGEST), x


def defined(seed):
    first, wide, second, x = matrices(seed)
    return second @ ((first @ x >> SHIFT) + wide @ x)


@given(seed=st.integers(0, 2**32 - 1))
def test_sums_pass_through_and_are_compared_exactly(seed):
    for sends, found in (("sum", defined(seed)), ("spike", defined(seed) > 0)):
        net, x = network(seed, sends)
        assert (run_network(net, x) == found).all()


@given(seed=st.integers(0, 2**32 - 1))
def test_no_input_exceeds_the_bounds_and_the_worst_attains_those_of_sums(seed):
    net, x = network(seed)
    first, wide, _, _ = matrices(seed)
    worst = worst_sums(net, 8)
    peaks = peak_sums(net, x)
    assert all(peaks[name] <= worst[name] for name in worst)
    bound = -(-np.abs(first) @ LARGEST >> SHIFT) + wide @ LARGEST
    row = int(bound.argmax())
    extreme = -(np.sign(first + wide)[row] * LARGEST)[:, None]
    assert worst["sums"] == bound.max() == peak_sums(net, extreme)["sums"]


@pytest.mark.parametrize("sends", ["sum", "spike"])
def test_it_does_so_on_lava(sends):
    net, x = network(3, sends)
    assert (run_on_lava(net, x) == run_network(net, x)).all()


def test_an_input_beyond_its_limit_is_refused_by_its_number():
    net, x = network(1)
    x[5, 3] = 10
    with pytest.raises(GraphError, match="input 5 reaches 10; it carries at most 9"):
        run_network(net, x)


def test_spikes_of_sums_go_to_no_other_layer_on_lava():
    net, x = network(1)
    early = Layer("sums", net.layers[0].connections, Graded("spike"))
    with pytest.raises(GraphError, match="'sums': sends spikes of sums to another"):
        run_on_lava(Network((early, net.layers[1]), LARGEST), x)


def test_a_chip_must_carry_the_sums_and_hold_them_as_they_are():
    net, _ = network(1)
    needs = {f.limit: f.needed for f in fit(net, load_chip("loihi2"))}
    assert needs["payload_bits"] == 24
    assert needs["sum_max"] == -(-max(worst_sums(net, 8).values()) >> 6)
