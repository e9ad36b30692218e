import numpy as np
import pytest

from runtime.lapped.transform import analysis, basis, frame_count, frames, synthesis

HOP = 64


@pytest.mark.parametrize("samples", [0, 1, 63, 64, 65, 1000])
def test_the_whole_transform_gives_back_what_it_took(samples: int) -> None:
    sound = np.random.default_rng(samples).standard_normal(samples).astype(np.float32)
    cut = frames(sound, HOP)
    assert len(cut) == frame_count(samples, HOP)
    if samples:
        found = synthesis(cut @ basis(HOP, HOP).T, HOP)
        assert len(found) == -(-samples // HOP) * HOP
        np.testing.assert_allclose(found[:samples], sound, atol=1e-5)


def test_rows_are_orthonormal_over_their_own_and_the_next_frame() -> None:
    rows = basis(HOP, HOP).astype(np.float64)
    np.testing.assert_allclose(rows @ rows.T, np.eye(HOP), atol=1e-6)
    np.testing.assert_allclose(rows[:, HOP:] @ rows[:, :HOP].T, 0, atol=1e-6)


@pytest.mark.parametrize("hop", [8, 64, 512])
def test_the_fft_gives_what_the_basis_gives(hop: int) -> None:
    cut = np.random.default_rng(hop).standard_normal((3, 2 * hop)).astype(np.float32)
    np.testing.assert_allclose(analysis(cut, hop - 2), cut @ basis(hop - 2, hop).T, atol=2e-5)
