"""Sound to levels of the lapped codec, a chunk at a time, from blocks of samples of any size."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from runtime.ahead import ahead
from runtime.audio.samples import Samples
from runtime.errors import AudioError
from runtime.kinds import CERTIFIED
from runtime.lapped.model import CHUNK_FRAMES, CONTEXT, Analysis, LappedModel, step_of
from runtime.lapped.noise import band_count
from runtime.lapped.transform import frames
from runtime.piece import Chunk
from runtime.spk.header import NOMINAL_LEVELS
from runtime.thermometer import events_of
from runtime.windows import Arriving

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Section:
    """A chunk before its step is chosen: its number, its `sound`, and its accumulators.

    `sound (hops * hop,)` is that of its own hops, without the last one if the frame after the
    chunk's last is not known yet.
    """

    index: int
    sound: Samples
    analysis: Analysis


@dataclass(frozen=True, eq=False)
class Levels:
    """An encoded chunk: levels `q (T, bins)`, the index of its `step`, `corrections (rows, 21)`."""

    index: int
    q: Ints
    step: int
    corrections: Ints

    def events(self) -> Chunk:
        """Return the chunk as events."""
        units = 2 * NOMINAL_LEVELS * self.q.shape[1]
        corrections = self.corrections.astype(np.int8)
        return Chunk(events_of(self.q, units), self.step, self.index, corrections)


Choose = Callable[[Section, Levels | None], int]
"""From a chunk and the one before it, if any, to the index of its step."""


class LappedEncoder:
    """The encoder of a lapped model."""

    def __init__(self, model: LappedModel) -> None:
        self.model = model

    def chunks(
        self, blocks: Iterable[Samples], choose: Choose, effort: str = CERTIFIED, live: bool = True
    ) -> Generator[Chunk, None, None]:
        """Yield the events of a signal, a chunk as soon as all its frames have arrived.

        Each is at the step chosen for it; one too loud for so fine a step gets the finest that it
        allows. If the signal is not `live`, later blocks are taken, and chunks made, while one is
        used: in threads, one for the accumulators and one for all that follows. Raises `AudioError`
        for samples that are not finite.
        """
        sections = self.sections(blocks)
        if live:
            return self._chosen(sections, choose, effort)
        return ahead(self._chosen(ahead(sections), choose, effort))

    def _chosen(
        self, sections: Iterable[Section], choose: Choose, effort: str
    ) -> Generator[Chunk, None, None]:
        before: Levels | None = None
        for section in sections:
            before = self.encoded(section, choose(section, before), before, effort)
            yield before.events()

    def sections(self, blocks: Iterable[Samples]) -> Iterator[Section]:
        """Cut blocks of samples `(n,)` into chunks of frames; the last one has one frame more."""
        hop, signal = self.model.hop, Arriving(blocks)
        for index in count():
            start = index * CHUNK_FRAMES * hop
            if not signal.reaches(start + 1):
                return
            more = signal.reaches(start + CHUNK_FRAMES * hop + 1)
            hops = CHUNK_FRAMES if more else -(-(signal.stop - start) // hop)
            heard = signal.window(start - hop, (hops + (1 if more else 2)) * hop)
            if not np.isfinite(heard).all():
                raise AudioError("the signal holds NaN or infinity; repair it before encoding")
            cut = frames(heard, hop)[1:-1]
            yield Section(index, heard[hop : len(cut) * hop], self.model.analysed(cut))

    def encoded(
        self, section: Section, step: int, before: Levels | None, effort: str = CERTIFIED
    ) -> Levels:
        """Encode a chunk at the step with this index; `before` is the chunk before it, if any."""
        model = self.model
        step = max(step, model.finest(section.analysis))
        q = model.levels(section.analysis, step_of(step), effort)
        if not len(section.sound):
            return Levels(section.index, q, step, np.zeros((1, band_count(model.rate)), np.int32))
        past = np.zeros((CONTEXT, q.shape[1]), np.int32) if before is None else before.q[-CONTEXT:]
        past = np.pad(past, ((CONTEXT - len(past), 0), (0, 0)))
        window = np.concatenate([past, q, np.zeros((CONTEXT, q.shape[1]), np.int32)])
        steps = np.full(len(window), step_of(step), np.float32)
        if before is not None:
            steps[:CONTEXT] = step_of(before.step)
        corrections = model.corrections(section.sound, window, steps)
        return Levels(section.index, q, step, corrections)
