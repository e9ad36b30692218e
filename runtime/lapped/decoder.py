"""Levels of the lapped codec to sound, in windows on a fixed grid."""

from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.lapped.encoder import Levels
from runtime.lapped.model import CHUNK_FRAMES, CONTEXT, LappedModel, step_of
from runtime.lapped.noise import BLOCK, band_count
from runtime.windows import Arriving, without_first

Rows = npt.NDArray[np.int32]


class LappedDecoder:
    """The decoder of a lapped model; `listening` adds noise in the treble to the waveform."""

    def __init__(self, model: LappedModel, listening: bool) -> None:
        self.model, self.listening = model, listening

    def start(self, first: int) -> int:
        """Return the first frame whose levels are needed for the sound from hop `first` on."""
        return max(first - first % CHUNK_FRAMES - CONTEXT, 0)

    def decoded(
        self, chunks: Iterable[Levels], start: int, first: int, seed: int
    ) -> Iterator[Samples]:
        """Yield the sound from hop `first` on of chunks that begin at frame `start`.

        A chunk is decoded once the next has arrived. The closing frame of a recording has no sound.
        """
        signal = Arriving((self._rows(chunk) for chunk in chunks), start)
        skipped = first % CHUNK_FRAMES * self.model.hop
        return without_first(self._blocks(signal, first - first % CHUNK_FRAMES, seed), skipped)

    def _rows(self, chunk: Levels) -> Rows:
        """Levels, step and corrections of each frame, `(bins + 1 + bands, T)`."""
        count = len(chunk.q)
        row = np.minimum(np.arange(count) // BLOCK, max(len(chunk.corrections) - 1, 0))
        moved = np.zeros((count, band_count(self.model.rate)), np.int32)
        if len(chunk.corrections):
            moved = chunk.corrections[row].astype(np.int32)
        step = np.full((count, 1), chunk.step, np.int32)
        return np.hstack([chunk.q, step, moved]).T

    def _blocks(self, signal: Arriving[np.int32], first: int, seed: int) -> Iterator[Samples]:
        bins, hop = self.model.units.bins, self.model.hop
        for begin in count(first, CHUNK_FRAMES):
            if not signal.reaches(begin + 2):  # a single frame only closes a recording
                return
            length = CHUNK_FRAMES + 1 + 2 * CONTEXT
            held = signal.window(begin - CONTEXT, length)
            last = signal.stop - 1 - begin  # nothing fires beyond either end, nor in the last frame
            known = np.clip(np.arange(length), max(CONTEXT - begin, 0), last + CONTEXT)
            steps = np.array([step_of(index) for index in held[bins, known]], np.float32)
            corrections = held[bins + 1 :, known].T
            q = np.ascontiguousarray(held[:bins].T)
            sound = self.model.heard(q, steps, begin, corrections, seed, self.listening)
            yield sound[: min(CHUNK_FRAMES, last) * hop]
