"""A coefficient lies in the cell that its events tell."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from runtime.lapped import chip
from runtime.lapped.cells import cells

HOP, BINS = 64, 32


@given(seed=st.integers(0, 2**32 - 1), loud=st.floats(-3, 3), fine=st.floats(0, 5))
def test_what_the_chip_accumulates_lies_in_its_cell(seed: int, loud: float, fine: float) -> None:
    random = np.random.default_rng(seed)
    units = chip.Units(random.integers(80, 110, (4, BINS)).astype(np.int32), HOP)
    sound = random.standard_normal((3, 2 * HOP)).astype(np.float32) * np.float32(2.0**loud)
    payload, exponent = chip.payloads(sound)
    accumulator = chip.accumulated(payload, units)
    step = chip.finest_step(exponent, HOP) * 2.0**fine
    q = chip.levels(accumulator, exponent, step, units)
    low, high = cells(q, np.full(len(q), step, np.float32), units)
    value = accumulator * np.ldexp(chip.lsb(HOP), exponent)[:, None]
    # The chip rounds the payload of a level, which is `(level + OFFSET) step / GRID` counts.
    counts = chip.LIMIT / 2**15 * np.ldexp(chip.lsb(HOP), exponent)[:, None]
    assert (value >= low - counts).all()
    assert (value <= high + counts).all()
    assert (low < high).all()
    assert (low * high >= 0)[q != 0].all()
