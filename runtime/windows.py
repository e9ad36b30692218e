"""Long signals in pieces: windows of one fixed length, and how their results are joined again."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


def window(signal: npt.NDArray[Scalar], start: int, length: int) -> npt.NDArray[Scalar]:
    """Cut `length` values from `start` on along the last axis, with zeros beyond either end."""
    size = signal.shape[-1]
    inside = signal[..., max(start, 0) : max(min(start + length, size), 0)]
    before = min(max(-start, 0), length)
    after = length - before - inside.shape[-1]
    return np.pad(inside, [(0, 0)] * (signal.ndim - 1) + [(before, after)])


def starts(frames: int, length: int, overlap: int) -> list[int]:
    """Return where windows of `length` frames begin so that they cover `frames >= length`.

    Neighbours share `overlap` frames; the last window ends with the signal and shares more.
    """
    last = frames - length
    return [*range(0, last, length - overlap), last]


def cross_faded(pieces: Iterable[tuple[int, Signal]], overlap: int) -> Iterator[Signal]:
    """Join overlapping pieces `(start, values (n,))` into one signal, given out in blocks.

    Where the next piece begins its last `overlap` shared values, the weight moves over as a
    raised cosine; weights add up to one. One piece is held at a time.
    """
    rise = np.sin((np.arange(overlap) + 0.5) * (np.pi / 2 / max(overlap, 1))).astype(np.float32)
    rise = rise * rise
    done, tail = 0, np.zeros(0, np.float32)
    for start, values in pieces:
        fresh = values[done - start :].copy()
        fresh[: len(tail)] = tail + (fresh[: len(tail)] - tail) * rise[: len(tail)]
        keep = len(fresh) - overlap
        yield fresh[:keep]
        done, tail = done + keep, fresh[keep:]
    yield tail
