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
    folded = _cosines(np.pad(coefficients, ((0, 0), (0, hop - coefficients.shape[1]))))
    before, after = folded[:-1, : hop // 2], folded[1:, hop // 2 :]
    rising, falling = _window(hop)
    sound = np.concatenate([after, -after[:, ::-1]], 1) * rising
    sound -= np.concatenate([before[:, ::-1], before], 1) * falling
    return sound.ravel()


def analysis(cut: Floats, bins: int) -> Floats:
    """The first `bins` coefficients `(T, bins)` of frames `(T, 2 hop)`."""
    hop = cut.shape[1] // 2
    rising, falling = _window(hop)
    a, b = np.split(cut[:, :hop] * rising, 2, 1)
    c, d = np.split(cut[:, hop:] * falling, 2, 1)
    return _cosines(np.concatenate([-c[:, ::-1] - d, a - b[:, ::-1]], 1))[:, :bins]


def _cosines(rows: Floats) -> Floats:
    """The orthonormal DCT-IV of each row `(T, n)`, its own inverse, by a transform of `n / 2`.

    A frame of the lapped transform, with its quarters folded, is one such row.
    """
    size = rows.shape[1]
    turn = _turn(size)
    pairs = np.empty((len(rows), size // 2), np.complex64)
    pairs.real, pairs.imag = rows[:, ::2], rows[:, ::-2]
    pairs = np.fft.fft(pairs * turn, axis=1) * turn
    found = np.empty_like(rows)
    found[:, ::2], found[:, ::-2] = pairs.real, -pairs.imag
    return found


@functools.cache
def _turn(size: int) -> Turns:
    """The phases before and after the transform of `_cosines`, with half of its scale each."""
    phase = (np.arange(size // 2) + 1 / 8) * (np.pi / size)
    return (np.exp(-1j * phase) * (2 / size) ** 0.25).astype(np.complex64)


@functools.cache
def _window(hop: int) -> tuple[Floats, Floats]:
    """The rising and the falling half of the sine window, `(hop,)` each."""
    rising = np.sin(np.pi / (2 * hop) * (np.arange(hop) + 0.5)).astype(np.float32)
    return rising, rising[::-1]
