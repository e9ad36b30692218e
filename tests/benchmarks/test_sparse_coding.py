"""Thresholds alone beside units that inhibit each other."""

import numpy as np
import pytest

from benchmarks.sparse_coding import Basis, bits, competed, decoded, levels
from runtime.metrics import si_snr

LONG, SHORT, LATE = Basis(64), Basis(16), Basis(64, 32)
RNG = np.random.default_rng(0)
SOUND = np.sin(np.arange(1024) / 9).astype(np.float32)
SOUND[500:506] += 6 * RNG.standard_normal(6).astype(np.float32)


def test_a_basis_inhibits_nothing_of_its_own() -> None:
    wide = LONG(SOUND)
    (q,) = competed(SOUND, (LONG,), 0.5, 1.0)
    assert (q == levels(wide, 0.5)).all()
    again = LONG(LONG.sound(wide, len(SOUND)))
    assert np.abs(again - wide)[2:-2, :32].max() < 0.2 * np.abs(wide).max()


@pytest.mark.parametrize("other", [SHORT, LATE])
def test_two_bases_compete(other: Basis) -> None:
    bases = (LONG, other)
    found = competed(SOUND, bases, 0.5, 1.0)
    assert all(np.abs(q).sum() for q in found)
    heard = 0.5 * decoded(found, bases, len(SOUND))
    apart = [levels(basis(SOUND), 0.5) for basis in bases]
    assert si_snr(SOUND, heard) > si_snr(SOUND, 0.5 * decoded(apart, bases, len(SOUND))) - 1
    assert sum(np.abs(q).sum() for q in found) < 0.8 * sum(np.abs(q).sum() for q in apart)


def test_bits_grow_with_surprise() -> None:
    assert bits([np.zeros((50, 32), np.float32)]) < 60
    rare, dense = ((RNG.random((50, 32)) < p).astype(np.float32) for p in (0.02, 0.5))
    assert bits([rare]) < bits([dense]) / 3
    assert 1600 < bits([dense]) - np.count_nonzero(dense) < 3500
