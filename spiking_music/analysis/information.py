"""How much information a unit has about onsets: the mutual information of two binary variables."""

import numpy as np
import numpy.typing as npt

from spiking_music.analysis.tally import PEAK, Tally
from spiking_music.analysis.tuning import FEWEST

Array = npt.NDArray[np.float64]


def shared(counted: Tally) -> Array:
    """Return the share of each onset train's entropy that one bit of a unit gives, 0..1.

    `I(z_t; n_{t + tau}) / H(n)`, `(units, symbols)`, at the best lag of the peak, over all frames;
    NaN for rare symbols. With some 10^6 frames the bias, `1 / (2 frames ln 2)` bits, is negligible,
    but taking the best of 19 lags raises independent pairs a little above zero.
    """
    told = mutual_information(
        counted.pairs[:, :, PEAK],
        counted.fired[:, None, None],
        counted.begun[None, :, None],
        counted.frames,
    ).max(2)
    entropy = _entropy(counted.begun / max(counted.frames, 1))
    return told / np.where(counted.begun >= FEWEST, entropy, np.nan)


def mutual_information(both: Array, one: Array, other: Array, of: int) -> Array:
    """Return the bits that two binary variables share, from counts of ones among `of` trials.

    `both`: how often both are one; the arguments broadcast.
    """
    neither = of - one - other + both
    return np.maximum(
        _term(both, one, other, of)
        + _term(one - both, one, of - other, of)
        + _term(other - both, of - one, other, of)
        + _term(neither, of - one, of - other, of),
        0.0,
    )


def _term(joint: Array, one: Array, other: Array, of: int) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = joint / of * np.log2(joint * of / (one * other))
    return np.where(joint > 0, bits, 0.0)


def _entropy(share: Array) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = [np.where(p > 0, -p * np.log2(p), 0.0) for p in (share, 1 - share)]
    return terms[0] + terms[1]
