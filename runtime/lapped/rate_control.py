"""The step of each chunk of a LAPPED model: the largest that sounds well enough, or the smallest
whose bytes fit.

A larger step is taken to sound worse and to need fewer bits, so that the right one is found by
halving. No choice needs more than the levels: noise is left out of the SI-SNR.
"""

from bisect import bisect_left
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from runtime.lapped.encoder import Levels, Section
from runtime.lapped.engine import Engine
from runtime.lapped.model import step_of
from runtime.spk.short import LARGEST_STEP
from runtime.spk.tags import EVERY

FRAMING = 12  # bytes of a chunk in a file besides its payload, at most
CORRECTIONS = 1  # bytes that are kept free for the corrections of a hop
ENCLOSING = 40  # bytes of header and end

Ints = npt.NDArray[np.int32]


class AtLeast:
    """The largest step whose sound reaches so many decibels of SI-SNR, or the finest there is.

    Measured on the coefficients, by the refiner alone: within 0.1 dB of the sound's.
    """

    def __init__(self, engine: Engine, decibels: float) -> None:
        self._engine, self._decibels = engine, decibels
        self.missed = 0

    def __call__(self, section: Section, before: Levels | None) -> int:
        """Return the step of the next chunk."""
        return self._halved(section, lambda step: self._si_snr(section, step) < self._decibels)

    def _halved(self, section: Section, worse: Callable[[int], bool]) -> int:
        finest = self._engine.model.finest(section.analysis)
        step = finest + bisect_left(range(finest + 1, LARGEST_STEP + 1), True, key=worse)
        # Of silence there is no SI-SNR: whatever it sounds like will do.
        self.missed += step == finest and section.analysis.energy > 0 and worse(finest)
        return step

    def _si_snr(self, section: Section, step: int) -> float:
        model, analysis = self._engine.model, section.analysis
        levels = model.levels(analysis, step_of(step))
        return model.si_snr(analysis, levels, step_of(step), section.index * len(levels))


class Within:
    """The smallest step with which the file so far keeps within so many kbit/s.

    What is left over is there for later chunks; `overhead` are the bytes of the texts.
    """

    def __init__(self, engine: Engine, kbps: float, overhead: int) -> None:
        self._engine = engine
        self._bytes_a_sample = kbps * 125 / engine.model.rate
        self._samples, self._spent = 0, float(ENCLOSING + overhead)
        self.missed = 0

    def __call__(self, section: Section, before: Levels | None) -> int:
        """Return the step of the next chunk."""
        if before is not None:
            self._spent += self._size(before.q, before.corrections)
        # The last hop of all may hold a single sample.
        hops = len(section.analysis.exponent)
        self._samples += max(hops - 1, 1) * self._engine.model.hop
        left = self._samples * self._bytes_a_sample - self._spent - CORRECTIONS * hops

        def fits(step: int) -> bool:
            levels = self._engine.model.levels(section.analysis, step_of(step))
            return self._size(levels) <= left

        finest = self._engine.model.finest(section.analysis)
        step = finest + bisect_left(range(finest, LARGEST_STEP), True, key=fits)
        self.missed += step == LARGEST_STEP and not fits(step)
        return step

    def _size(self, levels: Ints, corrections: Ints | None = None) -> float:
        from runtime.coders.lapped.coder import encode  # numba takes a second to load

        model, code = self._engine.model, self._engine.code
        assert code.tables is not None
        moved = None if corrections is None else corrections.astype(np.int8)
        payload = encode(levels, model.rate / 2 / model.hop, code.tables, moved)
        return len(payload) + FRAMING + 8 / EVERY  # and in the seek table
