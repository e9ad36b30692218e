import numpy as np
import pytest
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Sparse
from neuromorphic.integers import fixed_point, loops
from neuromorphic.integers.fixed_point import Neuron, deliver, rest, run


@pytest.mark.parametrize("seed", [0, 1])
def test_the_compiled_loop_is_the_steps(monkeypatch, seed):
    pytest.importorskip("numba")
    rng = np.random.default_rng(seed)
    decays = rng.integers(0, 4096, (2, 9))
    neuron = Neuron(*decays, rng.integers(1, 9**5, 9), rng.integers(-4095, 4096, 9), 5)
    sums = rng.integers(-(2**17), 2**17, (9, 80))
    monkeypatch.setattr(fixed_point, "_loops", lambda size: None)
    wanted, end = run(sums, neuron, state=rest(9))
    monkeypatch.setattr(fixed_point, "_loops", lambda size: loops)
    found, state = run(sums, neuron, state=rest(9))
    assert wanted.any()
    assert np.array_equal(found, wanted)
    assert np.array_equal(state.u, end.u)
    assert np.array_equal(state.v, end.v)


def test_sums_by_event_are_those_of_the_matrix():
    pytest.importorskip("numba")
    rng = np.random.default_rng(0)
    weights = rng.integers(-5, 6, (7, 9)) * (rng.random((7, 9)) < 0.5)
    sparse = Sparse(csr_array(weights), 1)
    spikes = rng.integers(-3, 4, (9, 20)) * (rng.random((9, 20)) < 0.3)
    sums = fixed_point._by_event(sparse, spikes)
    assert np.array_equal(sums, weights @ spikes)
    assert np.array_equal(deliver(sparse, spikes), 2 * weights @ spikes)
