"""Cut long signals into windows of a fixed length, and join the results again."""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


def window(signal: npt.NDArray[Scalar], start: int, length: int) -> npt.NDArray[Scalar]:
    """Return `length` values from `start` along the last axis, with zeros beyond either end."""
    size = signal.shape[-1]
    inside = signal[..., max(start, 0) : max(min(start + length, size), 0)]
    before = min(max(-start, 0), length)
    after = length - before - inside.shape[-1]
    return np.pad(inside, [(0, 0)] * (signal.ndim - 1) + [(before, after)])


class Arriving(Generic[Scalar]):
    """A signal that arrives in blocks of any size along its last axis; its past is dropped.

    `start` is the position of its first value, 0 unless it begins in the middle; `stop` is the
    position after the last value that has arrived.
    """

    def __init__(self, blocks: Iterable[npt.NDArray[Scalar]], start: int = 0) -> None:
        self._blocks = iter(blocks)
        self._held: list[npt.NDArray[Scalar]] = []
        self._start = self.stop = start

    def reaches(self, place: int) -> bool:
        """Take blocks until all values before `place` are there; return False if they run out."""
        while self.stop < place:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._held.append(block)
            self.stop += block.shape[-1]
        return True

    def window(self, start: int, length: int) -> npt.NDArray[Scalar]:
        """Return a window like the function `window`, and drop what lies before it."""
        self.reaches(start + length)
        held = self._held[0] if len(self._held) == 1 else np.concatenate(self._held, axis=-1)
        past = max(start - self._start, 0)
        self._held, self._start = [held[..., past:]], self._start + past
        return window(self._held[0], start - self._start, length)


def cross_faded(pieces: Iterable[tuple[int, Signal]], overlap: int) -> Iterator[Signal]:
    """Join overlapping pieces `(start, values (n,))` into one signal, yielded in blocks.

    In the last `overlap` values of each piece the weight moves over to the next one; weights add up
    to one. One piece is held at a time.
    """
    rising = rise(overlap)
    done: int | None = None
    tail = np.zeros(0, np.float32)
    for start, values in pieces:
        fresh = values[0 if done is None else done - start :].copy()
        fresh[: len(tail)] = tail + (fresh[: len(tail)] - tail) * rising[: len(tail)]
        keep = len(fresh) - overlap
        yield fresh[:keep]
        done, tail = start + len(values) - overlap, fresh[keep:]
    yield tail


def rise(overlap: int) -> Signal:
    """Return the weights `(overlap,) float32` of the later signal: a raised cosine, 0 to 1."""
    quarter = np.sin((np.arange(overlap) + 0.5) * (np.pi / 2 / max(overlap, 1)))
    return (quarter * quarter).astype(np.float32)


def without_first(blocks: Iterable[Signal], values: int) -> Iterator[Signal]:
    """Drop the first `values` values of a signal that arrives in blocks."""
    for block in blocks:
        if values < len(block):
            yield block[values:]
        values = max(values - len(block), 0)
