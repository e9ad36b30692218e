"""A LAPPED bundle as `Codec` runs it: from sound to chunks of events and back."""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from runtime.ahead import ahead
from runtime.audio.samples import Samples
from runtime.bundle import TABLES, Bundle
from runtime.coders.lapped.tables import read_tables
from runtime.kinds import CERTIFIED
from runtime.lapped import chip
from runtime.lapped.decoder import LappedDecoder, Plain, Voice
from runtime.lapped.diffusion import LappedDiffusion
from runtime.lapped.encoder import LappedEncoder, Levels, Section
from runtime.lapped.model import (
    CHUNK_FRAMES,
    LEAST_STEP,
    STEPS_AN_OCTAVE,
    LappedModel,
    step_of,
)
from runtime.lapped.noise import band_count
from runtime.lapped.transform import frames
from runtime.piece import Chunk, LappedCode
from runtime.playback import Playback
from runtime.spk.header import NOMINAL_LEVELS
from runtime.spk.short import LARGEST_STEP
from runtime.thermometer import events_of, levels_of

# The default step, relative to the loudness of its chunk: about 1.5 kbit/s.
USUAL_STEP = 2.0**2.0
QUIETEST = 2e-5  # least root mean square: quieter chunks are coded with the step of this loudness

Payload = npt.NDArray[np.int32]
Choose = Callable[[Section, Levels | None], int]


class Engine:
    """Encoder and decoders of a LAPPED bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self.model = LappedModel(bundle)
        self.encoder = LappedEncoder(self.model)
        bands = band_count(self.model.rate)
        self.code = LappedCode(read_tables(bundle.file(TABLES)), self.model.units.bins, bands)
        self.decoders = {
            "listening": EventDecoder(self.model, Plain(self.model, listening=True)),
            "waveform": EventDecoder(self.model, Plain(self.model, listening=False)),
        }
        if bundle.manifest.has_diffusion:
            voice = LappedDiffusion(self.model, bundle)
            self.decoders["diffusion"] = EventDecoder(self.model, voice)

    def chunks(
        self, blocks: Iterable[Samples], choose: Choose, effort: str = CERTIFIED, live: bool = True
    ) -> Generator[Chunk, None, None]:
        """Yield the events of a signal, each chunk at the step chosen for it.

        If it is not `live`, later blocks are taken, and chunks made, while one is used: in threads,
        one for the accumulators and one for all that follows.
        """
        sections = self.encoder.sections(blocks)
        if live:
            return self._chosen(sections, choose, effort)
        return ahead(self._chosen(ahead(sections), choose, effort))

    def _chosen(
        self, sections: Iterable[Section], choose: Choose, effort: str
    ) -> Generator[Chunk, None, None]:
        before: Levels | None = None
        for section in sections:
            before = self.encoder.encoded(section, choose(section, before), before, effort)
            yield self.events(before)

    def events(self, levels: Levels) -> Chunk:
        """Return a chunk of levels as events."""
        units = 2 * NOMINAL_LEVELS * self.code.bins
        corrections = levels.corrections.astype(np.int8)
        return Chunk(events_of(levels.q, units), levels.step, levels.index, corrections)

    def usual_step(self, section: Section, before: Levels | None = None) -> int:
        """Return the default step of a chunk, which follows its loudness."""
        samples = len(section.analysis.exponent) * self.model.hop
        loudness = max(math.sqrt(section.analysis.energy / samples), QUIETEST)
        index = round(STEPS_AN_OCTAVE * (math.log2(loudness * USUAL_STEP) - LEAST_STEP))
        return min(max(index, self.model.finest(section.analysis)), LARGEST_STEP)

    def payload(self, samples: Samples, steps: Sequence[int], levels: int) -> Payload:
        """Return the input of the units of so many levels, `(2 hop + levels, T) int32`.

        These are the payloads of each frame's samples, then those of the levels, at the step of
        each chunk, whose indices are `steps`.
        """
        units, cut = self.model.units, frames(samples, self.model.hop)
        payload, exponent = chip.payloads(cut)
        given = np.empty((payload.shape[1] + levels, len(cut)), np.int32)
        given[: payload.shape[1]] = payload.T
        for index, step in enumerate(steps):
            last = None if index == len(steps) - 1 else (index + 1) * CHUNK_FRAMES
            chunk = slice(index * CHUNK_FRAMES, last)
            for level in range(levels):
                given[payload.shape[1] + level, chunk] = chip.level_payloads(
                    level, exponent[chunk], step_of(step), units
                )
        return given


class EventDecoder:
    """A decoder of a LAPPED bundle, for chunks of events."""

    def __init__(self, model: LappedModel, voice: Voice) -> None:
        self._decoder, self._model = LappedDecoder(model, voice), model

    def start(self, first: int) -> int:
        """Return the first frame whose events are needed for the sound from `first` on."""
        return self._decoder.start(first)

    def decoded(
        self, chunks: Iterable[Chunk], start: int, first: int, playback: Playback, live: bool = True
    ) -> Iterator[Samples]:
        """Yield the sound from frame `first` on of chunks that begin at frame `start`.

        If they are not `live`, some are taken before they are needed, see `ahead.mapped`.
        """
        levels = (self._levels(chunk) for chunk in chunks)
        return self._decoder.decoded(levels, start, first, playback, live)

    def _levels(self, chunk: Chunk) -> Levels:
        corrections = chunk.corrections
        if corrections is None:
            corrections = np.zeros((0, band_count(self._model.rate)), np.int8)
        q = levels_of(chunk.events, self._model.units.bins)
        return Levels(chunk.index, q, chunk.mu, corrections.astype(np.int32))
