"""Sound to levels of the lapped codec, a chunk at a time, from blocks of samples of any size."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.errors import AudioError
from runtime.kinds import CERTIFIED
from runtime.lapped.model import CHUNK_FRAMES, CONTEXT, Analysis, LappedModel, step_of
from runtime.lapped.noise import band_count
from runtime.lapped.transform import frames
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


class LappedEncoder:
    """The encoder of a lapped model."""

    def __init__(self, model: LappedModel) -> None:
        self.model = model

    def chunks(
        self, blocks: Iterable[Samples], step: int, effort: str = CERTIFIED
    ) -> Iterator[Levels]:
        """Yield the chunks of a signal at one step, each as soon as all its frames have arrived.

        A chunk too loud for so fine a step gets the finest step that it allows.
        Raises `AudioError` for samples that are not finite.
        """
        before: Levels | None = None
        for section in self.sections(blocks):
            before = self.encoded(section, step, before, effort)
            yield before

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
