import numpy as np
import pytest
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Sparse
from neuromorphic.integers import delivery, fixed_point, loops, parallel
from neuromorphic.integers.delivery import deliver
from neuromorphic.integers.fixed_point import Neuron, rest, run


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_the_compiled_loop_is_the_steps(monkeypatch, cores):
    pytest.importorskip("numba")
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    rng = np.random.default_rng(cores)
    decays = rng.integers(0, 4096, (2, 9))
    neuron = Neuron(*decays, rng.integers(0, 9**5, 9), rng.integers(-4095, 4096, 9), 5)
    sums = rng.integers(-(2**17), 2**17, (9, 80))
    before = sums.copy()
    monkeypatch.setattr(fixed_point, "loops_for", lambda size: None)
    wanted, end = run(sums, neuron, state=rest(9))
    monkeypatch.setattr(fixed_point, "loops_for", lambda size: loops)
    found, state = run(sums, neuron, state=rest(9))
    assert wanted.any()
    assert np.array_equal(found, wanted)
    assert np.array_equal(state.u, end.u)
    assert np.array_equal(state.v, end.v)
    assert np.array_equal(sums, before)


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_sums_by_event_are_those_of_the_matrix(monkeypatch, cores):
    pytest.importorskip("numba")
    monkeypatch.setattr(parallel, "cores", lambda: cores)
    rng = np.random.default_rng(0)
    weights = rng.integers(-5, 6, (7, 9)) * (rng.random((7, 9)) < 0.5)
    spikes = rng.integers(-3, 4, (9, 20)) * (rng.random((9, 20)) < 0.3)
    found = delivery._by_event(loops, Sparse(csr_array(weights)), spikes)
    assert np.array_equal(found, weights @ spikes)


@pytest.mark.parametrize("share", [0.02, 0.5])
def test_sparse_weights_deliver_the_same_however_full(share):
    rng = np.random.default_rng(1)
    weights = rng.integers(-5, 6, (40, 30)) * (rng.random((40, 30)) < share)
    spikes = rng.integers(-3, 4, (30, 50))
    assert np.array_equal(deliver(Sparse(csr_array(weights), 1), spikes), 2 * weights @ spikes)
