"""The step of each chunk of a LAPPED model: the largest that reaches a quality, or the smallest
whose bytes fit a rate.

A larger step is assumed to sound worse and to need fewer bits, so the search is by bisection, from
the default step on. It needs only the levels, because the SI-SNR is measured without the noise, and
the corrections of the noise take much the same bytes at all steps.
"""

from bisect import bisect_left
from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

from runtime.kinds import CERTIFIED
from runtime.lapped.encoder import Levels, Section
from runtime.lapped.engine import Engine
from runtime.lapped.model import step_of
from runtime.spk.short import LARGEST_STEP
from runtime.spk.tags import EVERY

FRAMING = 13  # bytes of a chunk in a file besides its payload, at most
CORRECTIONS = 0.5  # bytes of a hop, where nothing else is known

Ints = npt.NDArray[np.int32]


def least(good: Callable[[int], bool], low: int, high: int, near: int) -> int:
    """The least number in low..high from which on `good` holds, or `high`; `near` comes first."""
    near, width = min(max(near, low), high), 8
    if good(near):
        high = near
        while high - width > low and good(high - width):
            high, width = high - width, 2 * width
        low = max(low, high - width)
    else:
        low = near
        while low + width < high and not good(low + width):
            low, width = low + width, 2 * width
        high = min(high, low + width)
    return low + bisect_left(range(low, high), True, key=good)


class AtLeast:
    """The largest step whose sound reaches a given SI-SNR in dB, or else the finest step.

    It is measured on the refined coefficients, within 0.1 dB of that of the sound.
    """

    def __init__(self, engine: Engine, decibels: float, effort: str = CERTIFIED) -> None:
        self._engine, self._decibels, self._effort = engine, decibels, effort
        self.missed = 0

    def __call__(self, section: Section, before: Levels | None) -> int:
        """Return the step of the next chunk."""
        finest = self._engine.model.finest(section.analysis)

        @cache
        def worse(step: int) -> bool:
            return self._si_snr(section, step) < self._decibels

        usual = self._engine.usual_step(section)
        step = least(lambda step: worse(step + 1), finest, LARGEST_STEP, usual)
        # Silence has no SI-SNR, so any step will do.
        self.missed += step == finest and section.analysis.energy > 0 and worse(finest)
        return step

    def _si_snr(self, section: Section, step: int) -> float:
        model, analysis = self._engine.model, section.analysis
        levels = model.levels(analysis, step_of(step), self._effort)
        return model.si_snr(analysis, levels, step_of(step), section.index * len(levels))


class Within:
    """The smallest step that keeps the file so far within a given rate in kbit/s.

    Unused bits are left for later chunks; `overhead` is the bytes of all that is not a chunk.
    """

    def __init__(self, engine: Engine, kbps: float, overhead: int, effort: str = CERTIFIED) -> None:
        self._engine, self._effort = engine, effort
        self._bytes_a_sample = kbps * 125 / engine.model.rate
        self._samples, self._spent = 0, float(overhead)
        self.missed = 0

    def __call__(self, section: Section, before: Levels | None) -> int:
        """Return the step of the next chunk."""
        if before is not None:
            self._spent += self._size(before.q, before.corrections)
        # The very last hop may hold a single sample.
        hops = len(section.analysis.exponent)
        self._samples += max(hops - 1, 1) * self._engine.model.hop
        left = self._samples * self._bytes_a_sample - self._spent
        model, encoder = self._engine.model, self._engine.encoder

        @cache
        def size(step: int) -> float:
            return self._size(model.levels(section.analysis, step_of(step), self._effort))

        def smallest(room: float, near: int) -> int:
            finest = model.finest(section.analysis)
            return least(lambda step: size(step) <= room, finest, LARGEST_STEP, near)

        def whole(step: int) -> float:
            made = encoder.encoded(section, step, before, self._effort)
            return self._size(made.q, made.corrections)

        first = smallest(left - CORRECTIONS * hops, self._engine.usual_step(section))
        step = smallest(left - (whole(first) - size(first)), first)
        while first != step < LARGEST_STEP and whole(step) > left:
            step += 1
        self.missed += step == LARGEST_STEP and whole(step) > left
        return step

    def _size(self, levels: Ints, corrections: Ints | None = None) -> float:
        from runtime.coders.lapped.coder import encode  # loading numba takes a second

        model, code = self._engine.model, self._engine.code
        assert code.tables is not None
        moved = None if corrections is None else corrections.astype(np.int8)
        payload = encode(levels, model.rate / 2 / model.hop, code.tables, moved)
        return len(payload) + FRAMING + 8 / EVERY  # and an entry in the seek table
