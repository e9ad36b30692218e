"""The chip's units in torch: the reference for every other executor of a LAPPED bundle."""

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import linear

from runtime.lapped import chip

Bits = npt.NDArray[np.bool_]


@torch.no_grad()
def unit_events(units: chip.Units, x: npt.NDArray[np.int32]) -> Bits:
    """The events `(2 levels bins, T) bool` of frames `x (T, 2 hop + levels)`.

    `x` is the input of `neuromorphic.integers.lapped.lapped_network`. Computed in float32, in which
    all these sums are exact.
    """
    given = torch.from_numpy(x.astype(np.float32))
    samples = 2 * units.hop
    weight = torch.from_numpy(chip.dictionary(units.bins, units.hop).astype(np.float32))
    sums = torch.floor(linear(given[:, :samples], weight) / (1 << chip.SHIFT))
    levels = x.shape[1] - samples
    theta = torch.from_numpy(np.stack([units.row(n) for n in range(levels)]).astype(np.float32))
    thresholds = given[:, samples:, None] * theta
    both = torch.stack([sums, -sums], -1)[:, None]
    fires = both - thresholds[..., None] > 0
    return fires.reshape(len(x), -1).numpy().T
