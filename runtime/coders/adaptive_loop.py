"""The inner loop of the adaptive coder: integers only, in plain Python or compiled by numba.

Coding and decoding run the same function, so their probabilities cannot differ. Plain Python is
given lists and bytes, numba arrays. Every value stays below 2^49, so numba's 64-bit integers and
Python's unbounded ones agree.
"""

from collections.abc import Callable, MutableSequence, Sequence
from functools import cache

ONE = 1 << 16  # a probability of 1
OLDEST = 28  # after so many cells, a context's learning rate no longer falls
OWN, TAIL = 16 * 8, 32 * 4 * 2  # contexts besides four for each unit

Numbers = MutableSequence[int]
Loop = Callable[..., int]


def contexts(units: int) -> int:
    """Return how many contexts a matrix of `units` units needs."""
    return OWN + TAIL + 4 * units


def bucket(rate: int) -> int:
    """Return which of 16 half-octaves the upper 8 bits of a rate (0..65535) fall into."""
    upper = rate >> 8
    length = upper.bit_length()
    return upper if length < 2 else 2 * length - 2 + (upper >> (length - 2) & 1)


BUCKETS = tuple(bucket(rate << 8) for rate in range(256))
# The weight of the n-th observation of a context, 1 / (n + 4), in units of 2^-16.
STEPS = tuple(ONE // (age + 4) for age in range(OLDEST + 1))


def code_cells(
    cells: MutableSequence[int],
    payload: MutableSequence[int],
    units: int,
    decoding: bool,
    chances: Numbers,
    ages: Numbers,
    rates: Numbers,
    pasts: Numbers,
    buckets: Sequence[int],
    steps: Sequence[int],
) -> int:
    """Code `cells` into `payload`, or, when `decoding`, decode `payload` into `cells`.

    `cells` are 0 or 1, all units of frame 0, then of frame 1, and so on. `chances` holds the
    probability of an event, 0..65535, in each of `contexts(units)` contexts, and `ages` how often
    each was seen; `rates` and `pasts` are per unit. Returns the number of bytes written, or -1 when
    `payload` is too short for them; when decoding, the number of bytes looked at.
    """
    low, high, value, at, room = 0, 0xFFFFFFFF, 0, 0, len(payload)
    if decoding:
        for _ in range(4):
            value = value << 8 | (int(payload[at]) if at < room else 0)
            at += 1
    for start in range(0, len(cells), units):
        if decoding and at >= room + 4:
            return at  # only the implied zeros are left: silence to the end
        surplus = 0  # events in this frame so far, less what the rates predict, times 2^16
        above = 0  # the event of the unit before
        for unit in range(units):
            past, rate = pasts[unit], rates[unit]
            crowd = 1 if surplus <= 0 else 2
            if surplus < -131072:
                crowd = 0
            elif surplus > 131072:
                crowd = 3
            own = buckets[rate >> 8] * 8 + (past & 7)
            tail = 128 + (past * 4 + crowd) * 2 + above
            crowded = 384 + unit * 4 + crowd
            # The mean of the three probabilities, the unit's own counted twice; never 0 or 1.
            chance = (2 * chances[own] + chances[tail] + chances[crowded]) >> 2
            chance = min(max(chance, 32), 65504)
            # Silence takes the lower part of the interval, so that a long silence codes as zeros.
            split = low + ((high - low) * (65536 - chance) >> 16)
            event = int(value > split) if decoding else int(cells[start + unit])
            if event:
                low = split + 1
            else:
                high = split
            while (low ^ high) >> 24 == 0:
                if decoding:
                    value = (value << 8 & 0xFFFFFFFF) | (int(payload[at]) if at < room else 0)
                elif at < room:
                    payload[at] = high >> 24
                else:
                    return -1
                at += 1
                low = low << 8 & 0xFFFFFFFF
                high = (high << 8 & 0xFFFFFFFF) | 255
            if decoding:
                cells[start + unit] = event
            target = 65535 * event
            chances[own] += (target - chances[own]) * steps[ages[own]] >> 16
            chances[tail] += (target - chances[tail]) * steps[ages[tail]] >> 16
            chances[crowded] += (target - chances[crowded]) * steps[ages[crowded]] >> 16
            ages[own] += ages[own] < 28
            ages[tail] += ages[tail] < 28
            ages[crowded] += ages[crowded] < 28
            surplus += 65536 * event - rate
            rates[unit] = rate + (65536 * event - rate >> 5)
            pasts[unit] = (past << 1 | event) & 31
            above = event
    if decoding:
        return at
    # The shortest bytes whose every continuation lies in the interval; trailing zeros are implied.
    for length in range(5):
        keep = 0xFFFFFFFF << (32 - 8 * length) & 0xFFFFFFFF
        last = (low + (0xFFFFFFFF ^ keep)) & keep
        if low <= last <= high:
            break
    for shift in range(24, 24 - 8 * length, -8):
        if at >= room:
            return -1
        payload[at] = last >> shift & 255
        at += 1
    while at and payload[at - 1] == 0:
        at -= 1
    return at


@cache
def compiled() -> Loop | None:
    """Return `code_cells` compiled, or None where numba is not installed."""
    try:
        from numba import njit
    except ImportError:
        return None
    try:
        return njit(cache=True)(code_cells)
    except RuntimeError:  # numba has found no folder to cache the compiled code in
        return njit(code_cells)
