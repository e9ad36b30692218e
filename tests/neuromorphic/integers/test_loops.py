import numpy as np
import pytest

from neuromorphic.integers import fixed_point
from neuromorphic.integers.fixed_point import Neuron, rest, run


@pytest.mark.parametrize("seed", [0, 1])
def test_the_compiled_loop_is_the_steps(monkeypatch, seed):
    pytest.importorskip("numba")
    rng = np.random.default_rng(seed)
    decays = rng.integers(0, 4096, (2, 9))
    neuron = Neuron(*decays, rng.integers(1, 9**5, 9), rng.integers(-4095, 4096, 9), 5)
    sums = rng.integers(-(2**17), 2**17, (9, 80))
    monkeypatch.setattr(fixed_point, "COMPILING", sums.size)
    wanted, end = run(sums, neuron, state=rest(9))
    monkeypatch.setattr(fixed_point, "COMPILING", 0)
    found, state = run(sums, neuron, state=rest(9))
    assert wanted.any()
    assert np.array_equal(found, wanted)
    assert np.array_equal(state.u, end.u)
    assert np.array_equal(state.v, end.v)
