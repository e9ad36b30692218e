"""All that the coder knows while it works, as one row of whole numbers with fixed places.

One array, since numba compiles functions of many arrays slowly, and calls them slowly.
"""

import math
from functools import cache
from typing import cast

import numpy as np
import numpy.typing as npt

from runtime.coders.lapped import contexts as at
from runtime.coders.lapped.compiling import COMPILED, Numbers
from runtime.coders.lapped.tables import INPUTS, KEPT, Tables

MOST_BINS = 2048
MARGIN = 8  # bins beside the first and the last, always silent
SIDE = 2  # blocks beside the first and the last, always silent
ROW = MOST_BINS + 2 * MARGIN
ROWS = 3 * ROW  # the frame at hand and the two before it
OLDEST = 1000  # observations that a context can count


def _logit(place: int) -> int:
    share = (place + 0.5) / 4096
    return round(256 * math.log(share / (1 - share)))


def _logistic(place: int) -> int:
    return min(max(round(65536 / (1 + math.exp((3072 - place) / 256))), 1), 65535)


# Rounded once; no value lies so near a half that two machines could round it differently.
STRETCHED = [_logit(place) for place in range(4096)]  # of a chance of 2^12
SQUASHED = [_logistic(place) for place in range(6144)]  # to a chance of 2^16
STEPS = [round(65536 / (age + 1.6)) for age in range(OLDEST + 1)]  # of 2^16

_SIZES = {
    # The range coder: the interval, what is read, the next byte, decisions made, does it read?
    "low": 1,
    "high": 1,
    "value": 1,
    "next": 1,
    "decisions": 1,
    "reading": 1,
    # The mixer: how fast it learns, when contexts stop to learn more slowly, the decision at hand.
    "rate": 1,
    "oldest": 1,
    "chosen": INPUTS,
    "opinions": INPUTS,
    "weights": at.SETS * INPUTS,
    "chances": at.CONTEXTS,
    "ages": at.CONTEXTS,
    # Constants.
    "stretch": len(STRETCHED),
    "squash": len(SQUASHED),
    "steps": len(STEPS),
    "classes": len(at.CLASS_OF),
    "places": MOST_BINS,
    "bands": MOST_BINS,
    # The past: heights are magnitudes, signs are turned, sizes are signs, twice as large where a
    # bin fires more than once, sums are heights of a block; old ones are means, times 256.
    "heights": ROWS,
    "signs": ROWS,
    "sizes": ROWS,
    "sums": ROWS,
    "old_heights": ROW,
    "old_sums": ROW,
}
_STARTS = [sum(list(_SIZES.values())[:i]) for i in range(len(_SIZES) + 1)]
(
    LOW,
    HIGH,
    VALUE,
    NEXT,
    DECISIONS,
    READING,
    RATE,
    OLDEST_AGE,
    CHOSEN,
    OPINIONS,
    WEIGHTS,
    CHANCES,
    AGES,
    STRETCH,
    SQUASH,
    STEP,
    CLASSES,
    PLACES,
    BANDS,
    HEIGHTS,
    SIGNS,
    SIZES,
    SUMS,
    OLD_HEIGHTS,
    OLD_SUMS,
    LENGTH,
) = _STARTS


def memory_of(
    tables: Tables, bins: int, spacing: float, rate: int = 3, oldest: int = 250
) -> Numbers:
    """Return what is known before the first decision about `bins`, `spacing` Hz apart."""
    memory = np.zeros(LENGTH, np.int64)
    memory[HIGH] = 0xFFFFFFFF
    memory[RATE], memory[OLDEST_AGE] = rate, oldest
    for start, values in (
        (WEIGHTS, tables.weights.ravel()),
        (CHANCES, tables.chances << 6),
        (AGES, tables.ages),
        (STRETCH, STRETCHED),
        (SQUASH, SQUASHED),
        (STEP, STEPS),
        (CLASSES, at.CLASS_OF),
        (PLACES, _classes(bins, spacing)[0]),
        (BANDS, _classes(bins, spacing)[1]),
    ):
        memory[start : start + len(values)] = values
    return numbers(memory)


def tables_of(memory: Numbers) -> Tables:
    """Return the tables that a memory has learned."""
    whole = np.array(memory, np.int64)
    weights = whole[WEIGHTS : WEIGHTS + at.SETS * INPUTS].reshape(at.SETS, INPUTS)
    chances = whole[CHANCES : CHANCES + at.CONTEXTS] >> 6
    ages = np.minimum(whole[AGES : AGES + at.CONTEXTS], KEPT)
    return Tables(chances, ages, weights)


def forget(memory: Numbers) -> None:
    """Silence the past and begin a new payload, but keep what was learned."""
    for place in range(HEIGHTS, LENGTH):
        memory[place] = 0
    memory[LOW], memory[HIGH], memory[NEXT], memory[DECISIONS] = 0, 0xFFFFFFFF, 0, 0


def numbers(values: npt.NDArray[np.generic]) -> Numbers:
    """What the loop counts with: an array for numba; plain Python is faster on its own lists."""
    whole = values.astype(np.int64)
    return cast(Numbers, whole if COMPILED else whole.tolist())


@cache
def _classes(bins: int, spacing: float) -> tuple[list[int], list[int]]:
    both = [at.frequency_classes((k + 0.5) * spacing) for k in range(bins)]
    return [place for place, _ in both], [band for _, band in both]
