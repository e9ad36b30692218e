"""The integers of the units, and the proof that none of their sums leaves 24 bits."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import BundleError
from runtime.lapped import chip
from runtime.lapped.transform import basis, frames

HOP, BINS = 2048, 96


def units(low: int = 20, high: int = 110, bins: int = BINS) -> chip.Units:
    theta = np.linspace(high, low, bins).astype(np.int32)
    return chip.Units(np.stack([theta, theta - 2, theta - 3, theta - 4]), HOP)


def test_payloads_use_their_8_bits_and_give_the_samples_back() -> None:
    rng = np.random.default_rng(0)
    cut = (
        rng.standard_normal((6, 4096)).astype(np.float32)
        * np.float32(10.0) ** np.arange(-4, 2)[:, None]
    )
    payload, exponent = chip.payloads(cut.astype(np.float32))
    peak = np.abs(payload.astype(int)).max(1)
    assert (peak <= chip.PAYLOAD_MAX).all()
    assert (peak >= 63).all()
    error = np.abs(np.ldexp(payload.astype(np.float64), exponent[:, None]) - cut)
    assert (error <= np.ldexp(0.5, exponent)[:, None]).all()


@pytest.mark.parametrize("peak", [0.0, 1e-30, 127 / 128, 1.0, 2.0**20])
def test_any_peak_has_an_exponent(peak: float) -> None:
    payload, exponent = chip.payloads(np.full((1, 8), peak, np.float32))
    assert abs(int(payload[0, 0])) <= chip.PAYLOAD_MAX
    if peak > 1e-9:
        assert np.ldexp(float(payload[0, 0]), exponent[0]) == pytest.approx(peak, rel=0.01)


def test_accumulators_are_the_transform() -> None:
    sound = np.random.default_rng(1).uniform(-1, 1, 20_000).astype(np.float32)
    cut = frames(sound, HOP)
    payload, exponent = chip.payloads(cut)
    found = np.ldexp(chip.accumulated(payload, units()) * chip.lsb(HOP), exponent[:, None])
    wanted = cut @ basis(BINS, HOP).T
    assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()


def test_accumulators_are_exact_and_within_24_bits_where_a_frame_is_worst() -> None:
    model = units()
    weight = chip.dictionary(BINS, HOP).astype(np.int64)
    worst = int(np.abs(weight).sum(1).argmax())
    for row in (0, worst, BINS - 1):
        for sign in (1, -1):
            frame = (sign * np.sign(weight[row]) * chip.PAYLOAD_MAX).astype(np.int8)
            sums = frame.astype(np.int64) @ weight.T
            assert np.abs(sums).max() < chip.LIMIT
            assert (chip.accumulated(frame[None], model)[0] == sums >> chip.SHIFT).all()
    assert np.abs(weight[worst]).sum() * chip.PAYLOAD_MAX == chip.bounds(model)[0]


@pytest.mark.parametrize("level", [0, 1, 2, 3, 4, 63, 500])
def test_threshold_units_stay_within_24_bits_whatever_comes_in(level: int) -> None:
    model = units()
    largest = -(-chip.bounds(model)[0] >> chip.SHIFT)
    for step in (1e-9, 1e-3, 1.0, 1e9):
        payload = chip.level_payloads(level, np.array([-30, 0, 30]), step, model)
        threshold = payload.astype(np.int64)[:, None] * model.row(level)
        assert (threshold + largest < chip.LIMIT).all()
        held = payload == chip.cap(model, level)
        assert (threshold[held] >= largest).all()  # where it is held, nothing can fire anyway


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 12), st.integers(-12, 3))
def test_levels_are_those_of_the_units_one_by_one(seed: int, octave: float, exponent: int) -> None:
    model = units()
    rng = np.random.default_rng(seed)
    accumulator = (rng.standard_normal((3, BINS)) * 2.0 ** rng.integers(0, 15, (3, 1))).astype(
        np.int32
    )
    exponents = np.full(3, exponent, np.int32)
    step = chip.finest_step(exponents, HOP) * 2.0**octave
    found = chip.levels(accumulator, exponents, step, model)
    for level in range(int(np.abs(found).max()) + 2):
        threshold = chip.level_payloads(level, exponents, step, model)[:, None] * model.row(level)
        for sign in (1, -1):
            assert ((sign * accumulator > threshold) == (sign * found > level)).all()


def test_silence_fires_nothing() -> None:
    payload, exponent = chip.payloads(np.zeros((2, 2 * HOP), np.float32))
    model = units()
    assert not chip.levels(chip.accumulated(payload, model), exponent, 1e-4, model).any()


@pytest.mark.parametrize(("low", "high"), [(0, 20), (20, 128), (1, 127)])
def test_thresholds_that_do_not_fit_the_chip_are_refused(low: int, high: int) -> None:
    with pytest.raises(BundleError, match=r"thresholds reach|beyond 24 bits"):
        chip.Units(np.linspace(high, low, BINS).astype(np.int32)[None], HOP)
