"""A LAPPED bundle as `Codec` runs it: encoder, decoders, the usual step, the chip's input."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.bundle import TABLES, Bundle
from runtime.coders.lapped.tables import read_tables
from runtime.lapped import chip
from runtime.lapped.decoder import LappedDecoder, Plain
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
from runtime.piece import LappedCode
from runtime.spk.short import LARGEST_STEP

# The default step, relative to the loudness of its chunk: about 1.5 kbit/s.
USUAL_STEP = 2.0**2.0
QUIETEST = 2e-5  # least root mean square: quieter chunks are coded with the step of this loudness

Payload = npt.NDArray[np.int32]


class Engine:
    """Encoder and decoders of a LAPPED bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self.model = LappedModel(bundle)
        self.encoder = LappedEncoder(self.model)
        bands = band_count(self.model.rate)
        self.code = LappedCode(read_tables(bundle.file(TABLES)), self.model.units.bins, bands)
        self.decoders = {
            "listening": LappedDecoder(self.model, Plain(self.model, listening=True)),
            "waveform": LappedDecoder(self.model, Plain(self.model, listening=False)),
        }
        if bundle.manifest.has_diffusion:
            voice = LappedDiffusion(self.model, bundle)
            self.decoders["diffusion"] = LappedDecoder(self.model, voice)

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
