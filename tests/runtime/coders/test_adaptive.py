import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.coders import adaptive, adaptive_loop
from runtime.coders.adaptive_loop import bucket, code_cells, compiled
from runtime.costs import bound_bits, paper_bits
from runtime.errors import FormatError

matrices = hnp.arrays(
    np.bool_,
    st.tuples(st.integers(0, 12), st.integers(0, 60)),
    elements=st.booleans(),
    fill=st.booleans(),
)


def chances(bits: np.ndarray) -> np.ndarray:
    """The probability of an event in each cell, `(T, N)` of 2^16, written a second time."""
    units, frames = bits.shape
    density = min(int(bits.sum()) * 65536 // max(bits.size, 1), 65535)
    learned: dict[tuple[object, ...], tuple[int, int]] = {}
    rates = [density] * units
    found = np.zeros((frames, units), np.int64)
    padded = np.concatenate([np.zeros((units, 5), np.int64), bits.astype(np.int64)], 1)
    for t in range(frames):
        surplus = 0
        for n in range(units):
            past = [int(padded[n, t + 5 - back]) for back in range(1, 6)]
            crowd = sum(surplus > level for level in (-131073, 0, 131072))
            above = int(bits[n - 1, t]) if n else 0
            keys = (
                ("rate", bucket(rates[n]), *past[:3]),
                ("past", *past, crowd, above),
                ("unit", n, crowd),
            )
            first, second, third = (learned.get(key, (density, 4))[0] for key in keys)
            found[t, n] = min(max((2 * first + second + third) // 4, 32), 65504)
            event = int(bits[n, t])
            for key in keys:
                chance, age = learned.get(key, (density, 4))
                chance += (65535 * event - chance) * (65536 // age) // 65536
                learned[key] = chance, min(age + 1, 32)
            surplus += 65536 * event - rates[n]
            rates[n] += (65536 * event - rates[n]) // 32
    return found


def notes(seed: int, units: int = 80, frames: int = 256) -> np.ndarray:
    """Notes of 2 to 20 frames in units of very different rates, 5 % of all cells."""
    random = np.random.default_rng(seed)
    bits = np.zeros((units, frames), np.bool_)
    weights = random.gamma(0.5, 1, units)
    while bits.mean() < 0.05:
        unit = random.choice(units, p=weights / weights.sum())
        start = random.integers(frames)
        bits[unit, start : start + random.integers(2, 20)] = True
    return bits


@given(matrices)
def test_every_matrix_comes_back(bits: np.ndarray) -> None:
    payload = adaptive.encode(bits)
    if len(payload) < (bits.size + 7) // 8:
        decoded = adaptive.decode(payload, *bits.shape, int(bits.sum()))
        np.testing.assert_array_equal(decoded, bits)


@pytest.mark.parametrize("density", [0.0, 0.003, 0.1, 0.4, 0.97, 1.0])
def test_the_compiled_loop_makes_the_same_bytes(density: float) -> None:
    pytest.importorskip("numba")
    fast = compiled()
    assert fast is not None
    for seed, (units, frames) in enumerate([(80, 100), (3, 1000), (1, 200), (90, 1)]):
        bits = np.random.default_rng(seed).random((units, frames)) < density
        bits.flags.writeable = False  # as those of an event matrix
        payload = adaptive.encode(bits, code_cells)
        assert adaptive.encode(bits, fast) == payload
        if len(payload) < (bits.size + 7) // 8:
            for run in (code_cells, fast):
                decoded = adaptive.decode(payload, units, frames, int(bits.sum()), run)
                np.testing.assert_array_equal(decoded, bits)


def test_what_was_long_enough_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []

    def run(*words: object) -> int:
        used.append(len(words))
        return 0

    monkeypatch.setattr(adaptive_loop, "compiled", lambda: run)
    monkeypatch.setattr(adaptive, "_patience", 150)
    for _ in range(3):
        adaptive.encode(np.zeros((10, 10), np.bool_))
    assert len(used) == 2


@pytest.mark.parametrize("bits", [notes(0), notes(1, 128, 64), np.eye(90, dtype=np.bool_)])
def test_the_bytes_are_what_the_probabilities_ask_for(bits: np.ndarray) -> None:
    chance = chances(bits) / 65536
    bits_due = -np.log2(np.where(bits.T, chance, 1 - chance)).sum()
    assert bits_due - 1 < 8 * len(adaptive.encode(bits)) < bits_due * 1.001 + 17


def test_the_range_coder_is_as_good_as_constriction() -> None:
    constriction = pytest.importorskip("constriction")
    bits = notes(2)
    encoder = constriction.stream.queue.RangeEncoder()
    model = constriction.stream.model.Bernoulli(perfect=False)
    encoder.encode(bits.T.ravel().astype(np.int32), model, chances(bits).ravel() / 65536)
    assert 8 * len(adaptive.encode(bits)) < 1.001 * 8 * encoder.get_compressed().nbytes + 16


def test_notes_cost_less_than_in_the_paper_and_than_the_bound() -> None:
    for seed in range(3):
        bits = notes(seed)
        size = 8 * len(adaptive.encode(bits))
        assert size < 0.6 * paper_bits(*bits.shape, int(bits.sum()))
        assert size < bound_bits(*bits.shape, int(bits.sum()))


def test_silence_is_free() -> None:
    assert adaptive.encode(np.zeros((80, 256), np.bool_)) == b""


@pytest.mark.parametrize("run", [code_cells, compiled()])
def test_foreign_bytes_are_refused_or_are_some_matrix(run: adaptive_loop.Loop | None) -> None:
    random = np.random.default_rng(0)
    for length in range(60):
        payload = random.bytes(length)
        try:
            bits = adaptive.decode(payload, 7, 30, length, run)
        except FormatError:
            continue
        assert bits.shape == (7, 30)
        assert bits.sum() == length


def test_bytes_behind_the_end_are_refused() -> None:
    bits = notes(3, 20, 50)
    payload, events = adaptive.encode(bits), int(bits.sum())
    for more in (b"\0", b"some"):
        with pytest.raises(FormatError, match=r"after its end|instead of"):
            adaptive.decode(payload + more, 20, 50, events)
    with pytest.raises(FormatError, match="events instead of"):
        adaptive.decode(payload[: len(payload) // 2], 20, 50, events)


def test_buckets_are_half_octaves() -> None:
    upper = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192]
    assert [bucket(256 * value) for value in upper] == list(range(16))
    for rate in range(0, 65536, 97):
        position = math.log2(max(rate >> 8, 1)) * 2
        assert abs(bucket(rate) - position) < 1.2
