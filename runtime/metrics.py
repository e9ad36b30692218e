"""How close a decoded signal is to its original."""

import math

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32] | npt.NDArray[np.float64]


def si_snr(reference: Signal, estimate: Signal) -> float:
    """Return the scale-invariant signal-to-noise ratio of two signals `(n,)`, in dB.

    The mean of both is removed; the projection of the estimate on the reference counts as signal,
    the rest as noise. `inf` for a scaled copy, `-inf` for an estimate orthogonal to the reference,
    `nan` for a constant reference, for which the measure has no meaning.
    Raises `ValueError` when the shapes differ or are not `(n,)`.
    Source: Le Roux et al., "SDR - half-baked or well done?", 2019, with means removed.
    """
    if reference.shape != estimate.shape or reference.ndim != 1:
        raise ValueError(f"signals of one length are needed: {reference.shape}, {estimate.shape}")
    if not reference.size:
        return math.nan
    target = reference.astype(np.float64) - reference.mean(dtype=np.float64)
    other = estimate.astype(np.float64) - estimate.mean(dtype=np.float64)
    energy = float(target @ target)
    if energy == 0.0:
        return math.nan
    target *= float(other @ target) / energy
    noise = other - target
    return _decibels(float(target @ target), float(noise @ noise))


def _decibels(signal: float, noise: float) -> float:
    if signal == 0.0:
        return -math.inf
    return math.inf if noise == 0.0 else 10.0 * (math.log10(signal) - math.log10(noise))
