"""The crops of music that a run trains on, each a pure function of (seed, number)."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from runtime.audio.samples import Samples
from runtime.errors import AudioError, DataError
from train.config import SAMPLE_RATE
from train.data.notice import Warn, tell_once
from train.data.sources import Source
from train.data.variation import DETUNE, retuned, vary


def long_enough(sources: list[Source], frames: int, what: str, warn: Warn) -> list[Source]:
    """The sources with at least `frames` samples; `warn` is told of the others."""
    for source in sources:
        if source.frames < frames:
            seconds, least = source.frames / SAMPLE_RATE, frames / SAMPLE_RATE
            warn(
                f"{source.name}: skipped, its {seconds:.2f} s are less than {what} ({least:.2f} s)"
            )
    return [source for source in sources if source.frames >= frames]


class Crops:
    """Random crops of music, varied to sound like another piano in another room.

    Crop number `step * batch + item` is a pure function of (seed, number), whichever process makes
    it and when. `warn` is told of sources that are shorter than a crop or cannot be read (by
    default on stderr, once per process), and others are used instead. Raises DataError when none
    is left.
    """

    def __init__(
        self, sources: list[Source], batch: int, samples: int, seed: int, warn: Warn = tell_once
    ) -> None:
        self.span = math.ceil(samples * 2 ** (DETUNE / 12)) + 1
        self.sources = long_enough(sources, self.span, "a crop", warn)
        if not self.sources:
            raise DataError(
                f"none of {len(sources)} pieces is as long as a crop of {samples} samples"
            )
        self.room = np.array([source.frames for source in self.sources]) - self.span + 1
        self.batch, self.samples, self.seed, self.warn = batch, samples, seed, warn

    def __call__(self, step: int, items: range | None = None) -> Samples:
        """The batch of a step, or only the given `items` of it: `(batch, samples)` float32.

        The processes of a data-parallel run each make a range; together they make the batch.
        """
        items = range(self.batch) if items is None else items
        return np.stack([self._crop(step * self.batch + item) for item in items])

    def _crop(self, number: int) -> Samples:
        rng = np.random.default_rng([self.seed, number])
        return vary(retuned(self._part(rng), self.samples, rng), rng)

    def _part(self, rng: np.random.Generator) -> Samples:
        """A random part of a source, drawn in proportion to the sources' lengths.

        A source that cannot be read is excluded from this crop only: a resumed run has not seen the
        earlier failures, and must make the same crops.
        """
        room = self.room
        while room.any():
            index = int(rng.choice(len(room), p=room / room.sum()))
            start = int(rng.integers(room[index]))
            try:
                return self.sources[index].read(start, self.span)
            except AudioError as error:
                self.warn(f"{error} (skipped)")
                room = room * (np.arange(len(room)) != index)
        raise DataError(f"none of {len(room)} pieces of music can be read; download the data again")


def ahead(
    make: Callable[[int], Samples], first: int, last: int, workers: int = 1
) -> Iterator[Samples]:
    """Yield `make(step)` for every step from first to last, computed ahead by threads.

    Threads rather than processes, because nearly all of the work is in numpy, soxr and libsndfile,
    which release the lock of the interpreter, and because threads share the piano's tones.
    """
    pool = ThreadPoolExecutor(workers)
    depth = workers + 1
    try:
        queue = deque(pool.submit(make, step) for step in range(first, min(first + depth, last)))
        for step in range(first, last):
            if step + depth < last:
                queue.append(pool.submit(make, step + depth))
            yield queue.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
