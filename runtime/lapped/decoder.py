"""Events of the lapped codec to sound, in windows on a fixed grid."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Protocol

import numpy as np
import numpy.typing as npt

from runtime.ahead import mapped
from runtime.audio.samples import Samples
from runtime.lapped.model import CHUNK_FRAMES, CONTEXT, LappedModel, step_of
from runtime.lapped.noise import BLOCK, band_count
from runtime.piece import Chunk
from runtime.playback import Playback
from runtime.thermometer import levels_of
from runtime.windows import Arriving, without_first

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Window:
    """What the sound of `n` hops from hop `first` on is made from, of which `hops` are kept.

    `q (n + 1 + 2 context, bins)` are the levels from frame `first - context` on, zeros beyond both
    ends of the recording; `step` and `corrections` have one row for each of them.
    """

    q: Rows
    step: Floats
    first: int
    corrections: Rows
    hops: int

    def narrowed(self, frames: int) -> "Window":
        """Return the window with so many frames fewer on each side."""
        kept = slice(frames, len(self.q) - frames)
        q, step, corrections = self.q[kept], self.step[kept], self.corrections[kept]
        return replace(self, q=q, step=step, corrections=corrections)


Heard = Callable[[Window], Samples]


class Voice(Protocol):
    """Makes sound from windows of levels, with `context` frames on each side."""

    context: int

    def heard(self, playback: Playback) -> Heard:
        """Return what makes the sound of a window; raises `SpikingMusicError` for bad choices."""


class Plain:
    """The waveform, and for `listening` noise in the treble."""

    context = CONTEXT

    def __init__(self, model: LappedModel, listening: bool) -> None:
        self._model, self._listening = model, listening

    def heard(self, playback: Playback) -> Heard:
        """See `Voice.heard`."""
        seed, listening = playback.seed or 0, self._listening
        return lambda w: self._model.heard(w.q, w.step, w.first, w.corrections, seed, listening)


class LappedDecoder:
    """The decoder of a lapped model, with one of its voices."""

    def __init__(self, model: LappedModel, voice: Voice) -> None:
        self.model, self.voice = model, voice

    def start(self, first: int) -> int:
        """Return the first frame whose events are needed for the sound from hop `first` on."""
        return max(first - first % CHUNK_FRAMES - self.voice.context, 0)

    def decoded(
        self,
        chunks: Iterable[Chunk],
        start: int,
        first: int,
        playback: Playback,
        live: bool = True,
    ) -> Iterator[Samples]:
        """Yield the sound from hop `first` on of chunks that begin at frame `start`.

        A chunk is decoded once the next has arrived, several at once if they are not `live`. The
        closing frame of a recording has no sound.
        """
        signal = Arriving((self._rows(chunk) for chunk in chunks), start)
        skipped = first % CHUNK_FRAMES * self.model.hop
        windows = self._windows(signal, first - first % CHUNK_FRAMES)
        sound = partial(self._sound, self.voice.heard(playback))
        return without_first(map(sound, windows) if live else mapped(sound, windows), skipped)

    def _rows(self, chunk: Chunk) -> Rows:
        """Levels, step and corrections of each frame, `(bins + 1 + bands, T)`."""
        count, corrections = chunk.events.frames, chunk.corrections
        moved = np.zeros((count, band_count(self.model.rate)), np.int32)
        if corrections is not None and len(corrections):
            moved[:] = corrections[np.minimum(np.arange(count) // BLOCK, len(corrections) - 1)]
        step = np.full((count, 1), chunk.mu, np.int32)
        return np.hstack([levels_of(chunk.events, self.model.units.bins), step, moved]).T

    def _sound(self, heard: Heard, window: Window) -> Samples:
        return heard(window)[: window.hops * self.model.hop]

    def _windows(self, signal: Arriving[np.int32], first: int) -> Iterator[Window]:
        bins, context = self.model.units.bins, self.voice.context
        for begin in count(first, CHUNK_FRAMES):
            if not signal.reaches(begin + 2):  # a single frame only closes a recording
                return
            length = CHUNK_FRAMES + 1 + 2 * context
            held = signal.window(begin - context, length)
            last = signal.stop - 1 - begin  # nothing fires beyond either end, nor in the last frame
            known = np.clip(np.arange(length), max(context - begin, 0), last + context)
            steps = np.array([step_of(index) for index in held[bins, known]], np.float32)
            corrections = held[bins + 1 :, known].T
            q = np.ascontiguousarray(held[:bins].T)
            yield Window(q, steps, begin, corrections, min(CHUNK_FRAMES, last))
