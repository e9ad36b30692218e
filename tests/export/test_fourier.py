import pytest
import torch

from export.fourier import MatrixFourier
from train.networks.spectral import Fourier


@pytest.mark.parametrize("window", [2048, 2560])
def test_matrices_make_the_same_transforms(window: int) -> None:
    ours, theirs = MatrixFourier(window), Fourier(window)
    frames, spectrum = torch.randn(2, 3, window), torch.randn(2, 3, 2, window // 2 + 1)
    torch.testing.assert_close(ours(frames), theirs(frames), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(
        ours.inverse(spectrum), theirs.inverse(spectrum), atol=1e-5, rtol=1e-4
    )
