"""The memory of the coder: its state before a chunk begins, and what it has learned since."""

import math
from functools import cache, lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt

from runtime.coders.lapped import loop as at
from runtime.coders.lapped.compiling import COMPILED, Numbers
from runtime.coders.lapped.tables import KEPT, Tables


def memory_of(
    tables: Tables, bins: int, spacing: float, rate: int = 3, oldest: int = 250
) -> Numbers:
    """Return the memory before the first decision about `bins` that are `spacing` Hz apart."""
    return numbers(_fresh(tables, bins, spacing, rate, oldest))


@lru_cache(maxsize=8)
def _fresh(
    tables: Tables, bins: int, spacing: float, rate: int, oldest: int
) -> npt.NDArray[np.int64]:
    memory = np.zeros(at.LENGTH, np.int64)
    memory[at.HIGH] = 0xFFFFFFFF
    memory[at.RATE], memory[at.OLDEST_AGE] = rate, oldest
    for start, values in (
        (at.WEIGHTS, tables.weights.ravel()),
        (at.CHANCES, tables.chances << 6),
        (at.AGES, tables.ages),
        (at.STRETCH, at.STRETCHED),
        (at.SQUASH, at.SQUASHED),
        (at.STEP, at.STEPS),
        (at.CLASSES, at.CLASS_OF),
        (at.PLACES, _classes(bins, spacing)[0]),
        (at.BANDS, _classes(bins, spacing)[1]),
    ):
        memory[start : start + len(values)] = values
    return memory


def tables_of(memory: Numbers) -> Tables:
    """Return the tables that a memory has learned."""
    whole = np.array(memory, np.int64)
    weights = whole[at.WEIGHTS : at.WEIGHTS + at.SETS * at.INPUTS].reshape(at.SETS, at.INPUTS)
    chances = whole[at.CHANCES : at.CHANCES + at.CONTEXTS] >> 6
    ages = np.minimum(whole[at.AGES : at.AGES + at.CONTEXTS], KEPT)
    return Tables(chances, ages, weights)


def forget(memory: Numbers) -> None:
    """Clear the past frames and begin a new payload, but keep what was learned."""
    memory[at.HEIGHTS : at.LENGTH] = zeros(at.LENGTH - at.HEIGHTS)
    memory[at.LOW], memory[at.HIGH], memory[at.NEXT], memory[at.DECISIONS] = 0, 0xFFFFFFFF, 0, 0


def numbers(values: npt.NDArray[np.generic]) -> Numbers:
    """The numbers as the loop wants them: an array for numba; plain Python is faster on lists."""
    whole = values.astype(np.int64)
    return cast(Numbers, whole if COMPILED else whole.tolist())


def zeros(count: int) -> Numbers:
    """So many zeros, as the loop wants them."""
    return cast(Numbers, np.zeros(count, np.int64) if COMPILED else [0] * count)


@cache
def _classes(bins: int, spacing: float) -> tuple[list[int], list[int]]:
    both = [frequency_classes((k + 0.5) * spacing) for k in range(bins)]
    return [place for place, _ in both], [band for _, band in both]


def frequency_classes(hertz: float) -> tuple[int, int]:
    """Return the place, 0..63, and the band, 0..10, of a frequency."""
    octaves = math.log2(hertz / 60)
    return min(max(round(9 * octaves), 0), at.PLACE_COUNT - 1), min(
        max(round(1.6 * octaves), 0), at.BAND_COUNT - 1
    )
