"""The step of each chunk of a LAPPED model: the largest that reaches a quality, or the smallest
whose bytes fit a rate.

A larger step is assumed to sound worse and to need fewer bits, so the search is by bisection. It
needs only the levels, because the SI-SNR is measured without the noise.
"""

from bisect import bisect_left
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from runtime.kinds import CERTIFIED
from runtime.lapped.encoder import Levels, Section
from runtime.lapped.engine import Engine
from runtime.lapped.model import step_of
from runtime.spk.short import LARGEST_STEP
from runtime.spk.tags import EVERY

FRAMING = 12  # bytes of a chunk in a file besides its payload, at most
CORRECTIONS = 1  # bytes reserved for the corrections of a hop
ENCLOSING = 40  # bytes of header and end

Ints = npt.NDArray[np.int32]


class AtLeast:
    """The largest step whose sound reaches a given SI-SNR in dB, or else the finest step.

    It is measured on the refined coefficients, within 0.1 dB of that of the sound.
    """

    def __init__(self, engine: Engine, decibels: float, effort: str = CERTIFIED) -> None:
        self._engine, self._decibels, self._effort = engine, decibels, effort
        self.missed = 0

    def __call__(self, section: Section, before: Levels | None) -> int:
        """Return the step of the next chunk."""
        return self._halved(section, lambda step: self._si_snr(section, step) < self._decibels)

    def _halved(self, section: Section, worse: Callable[[int], bool]) -> int:
        finest = self._engine.model.finest(section.analysis)
        step = finest + bisect_left(range(finest + 1, LARGEST_STEP + 1), True, key=worse)
        # Silence has no SI-SNR, so any step will do.
        self.missed += step == finest and section.analysis.energy > 0 and worse(finest)
        return step

    def _si_snr(self, section: Section, step: int) -> float:
        model, analysis = self._engine.model, section.analysis
        levels = model.levels(analysis, step_of(step), self._effort)
        return model.si_snr(analysis, levels, step_of(step), section.index * len(levels))


class Within:
    """The smallest step that keeps the file so far within a given rate in kbit/s.

    Unused bits are left for later chunks; `overhead` is the bytes of the texts.
    """

    def __init__(self, engine: Engine, kbps: float, overhead: int, effort: str = CERTIFIED) -> None:
        self._engine, self._effort = engine, effort
        self._bytes_a_sample = kbps * 125 / engine.model.rate
        self._samples, self._spent = 0, float(ENCLOSING + overhead)
        self.missed = 0

    def __call__(self, section: Section, before: Levels | None) -> int:
        """Return the step of the next chunk."""
        if before is not None:
            self._spent += self._size(before.q, before.corrections)
        # The very last hop may hold a single sample.
        hops = len(section.analysis.exponent)
        self._samples += max(hops - 1, 1) * self._engine.model.hop
        left = self._samples * self._bytes_a_sample - self._spent - CORRECTIONS * hops

        def fits(step: int) -> bool:
            levels = self._engine.model.levels(section.analysis, step_of(step), self._effort)
            return self._size(levels) <= left

        finest = self._engine.model.finest(section.analysis)
        step = finest + bisect_left(range(finest, LARGEST_STEP), True, key=fits)
        self.missed += step == LARGEST_STEP and not fits(step)
        return step

    def _size(self, levels: Ints, corrections: Ints | None = None) -> float:
        from runtime.coders.lapped.coder import encode  # loading numba takes a second

        model, code = self._engine.model, self._engine.code
        assert code.tables is not None
        moved = None if corrections is None else corrections.astype(np.int8)
        payload = encode(levels, model.rate / 2 / model.hop, code.tables, moved)
        return len(payload) + FRAMING + 8 / EVERY  # and an entry in the seek table
