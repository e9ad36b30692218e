"""The lapped transform (MDCT) with a sine window; a row of the basis is a unit's receptive field.

Frame `t` covers the samples `(t - 1) hop` to `(t + 1) hop`; `n` samples have `ceil(n / hop) + 1`
frames, and each sample lies in two of them.
"""

import functools

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Turns = npt.NDArray[np.complex64]


def frame_count(samples: int, hop: int) -> int:
    """The number of frames of `samples`; 0 for 0."""
    return -(-samples // hop) + 1 if samples else 0


def frames(samples: Floats, hop: int) -> Floats:
    """View `(n,)` as overlapping frames `(ceil(n / hop) + 1, 2 hop)`, zeros beyond both ends."""
    if not len(samples):
        return np.zeros((0, 2 * hop), np.float32)
    padded = np.pad(samples, (hop, hop + -len(samples) % hop))
    return np.lib.stride_tricks.sliding_window_view(padded, 2 * hop)[::hop]


@functools.cache
def basis(bins: int, hop: int) -> Floats:
    """The first `bins` rows of the orthonormal transform, `(bins, 2 hop) float32`.

    Princen and Bradley 1986; the sine window meets their condition.
    """
    n = np.arange(2 * hop) + 0.5
    phase = np.outer(np.arange(bins) + 0.5, n + hop / 2) % (2 * hop)
    rows = np.cos(np.pi / hop * phase) * np.sin(np.pi / (2 * hop) * n) * np.sqrt(2 / hop)
    return rows.astype(np.float32)


def synthesis(coefficients: Floats, hop: int) -> Floats:
    """The sound of coefficients `(T, bins)`: `((T - 1) hop,)`, from the second frame's start on.

    The first and the last half frame, which only one frame covers, are left out.
    """
    bins = coefficients.shape[1]
    before, after = _turns(bins, hop)
    whole = np.fft.ifft(coefficients * before, 2 * hop, axis=1, norm="forward")
    halves = (whole.real * after.real - whole.imag * after.imag).reshape(-1, 2, hop)
    return (halves[:-1, 1] + halves[1:, 0]).ravel().astype(np.float32, copy=False)


def analysis(cut: Floats, bins: int) -> Floats:
    """The first `bins` coefficients `(T, bins)` of frames `(T, 2 hop)`."""
    hop = cut.shape[1] // 2
    before, after = (np.conj(turn) for turn in _turns(bins, hop))
    found = np.fft.fft(cut * after, axis=1)[:, :bins]
    return (found.real * before.real - found.imag * before.imag).astype(np.float32, copy=False)


@functools.cache
def _turns(bins: int, hop: int) -> tuple[Turns, Turns]:
    """What makes an inverse Fourier transform of coefficients the sum over `basis`.

    Factors `(bins,)` before it, and `(2 hop,)`, with the window, after it: the phases of the basis
    are `pi / hop (n + 1/2 + hop / 2) (k + 1/2)`, of which the transform itself has `pi / hop n k`.
    """
    k, n = np.arange(bins) + 0.5, np.arange(2 * hop)
    before = np.exp(1j * np.pi / hop * (0.5 + hop / 2) * k)
    scaled = np.sin(np.pi / (2 * hop) * (n + 0.5)) * np.sqrt(2 / hop)
    after = np.exp(1j * np.pi / (2 * hop) * n) * scaled
    return before.astype(np.complex64), after.astype(np.complex64)
