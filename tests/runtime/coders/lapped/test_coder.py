import json
import math
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from runtime.coders.lapped import loop
from runtime.coders.lapped.coder import WORK, Shape, decode, encode, send
from runtime.coders.lapped.memory import memory_of, tables_of
from runtime.coders.lapped.tables import Tables, fresh_tables, parse_tables
from runtime.errors import BundleError, FormatError

BINS, SPACING = 32, 172.0
TABLES = fresh_tables()

matrices = hnp.arrays(
    np.int32,
    st.tuples(st.integers(0, 6), st.just(BINS)),
    elements=st.one_of(
        st.integers(-3, 3), st.integers(-40, 40), st.integers(-loop.MOST, loop.MOST)
    ),
    fill=st.just(0),
)


def shape(frames: int, rows: int = 0, bands: int = 0) -> Shape:
    return Shape(frames, BINS, SPACING, rows, bands)


def music(seed: int, frames: int = 40) -> np.ndarray:
    """Partials that begin, sound on and fade, and a few single events."""
    random = np.random.default_rng(seed)
    levels = np.zeros((frames, BINS), np.int32)
    for _ in range(6):
        start, k = random.integers(frames), random.integers(BINS)
        for t in range(start, min(start + 12, frames)):
            levels[t, k] = round(9 * 0.7 ** (t - start)) * (-1) ** int(k * t)
    levels[random.integers(frames, size=5), random.integers(BINS, size=5)] = -1
    return levels


@cache
def learned() -> Tables:
    known = memory_of(TABLES, BINS, SPACING, 4)
    for seed in range(30):
        send(music(seed), known)
    return tables_of(known)


@given(matrices)
def test_what_is_read_is_what_was_sent(levels: np.ndarray) -> None:
    payload = encode(levels, SPACING, TABLES)
    again = decode(payload, shape(len(levels)), TABLES)[0]
    np.testing.assert_array_equal(again, levels)
    assert again.dtype == np.int32


@given(
    matrices,
    hnp.arrays(
        np.int8,
        st.tuples(st.integers(0, 4), st.integers(1, 70)),
        elements=st.integers(-12, 12),
    ),
)
def test_corrections_follow_the_levels(levels: np.ndarray, corrections: np.ndarray) -> None:
    payload = encode(levels, SPACING, TABLES, corrections)
    found = decode(payload, shape(len(levels), *corrections.shape), TABLES)
    np.testing.assert_array_equal(found[0], levels)
    np.testing.assert_array_equal(found[1], corrections)
    with pytest.raises(FormatError, match="12 is the most"):
        encode(levels, SPACING, TABLES, np.full((1, 1), -13, np.int8))


@given(st.integers(0, 200))
def test_music_survives_with_learned_tables_too(seed: int) -> None:
    levels = music(seed)
    payload = encode(levels, SPACING, learned())
    np.testing.assert_array_equal(decode(payload, shape(40), learned())[0], levels)


def test_learned_tables_save_bytes() -> None:
    unheard = [music(seed) for seed in range(100, 110)]
    sizes = [sum(len(encode(q, SPACING, t)) for q in unheard) for t in (TABLES, learned())]
    assert sizes[1] < 0.8 * sizes[0]


def test_silence_costs_nothing() -> None:
    assert encode(np.zeros((65, BINS), np.int32), SPACING, TABLES) == b""


@given(st.binary(max_size=40), st.integers(0, 6))
def test_any_bytes_are_levels_or_a_format_error(payload: bytes, frames: int) -> None:
    try:
        levels = decode(payload, shape(frames), TABLES)[0]
    except FormatError:
        return
    assert np.abs(levels).max(initial=0) <= loop.MOST
    assert encode(levels, SPACING, TABLES) == payload


@given(matrices, st.data())
def test_a_payload_that_is_cut_is_another_one_or_an_error(
    levels: np.ndarray, data: st.DataObject
) -> None:
    payload = encode(levels, SPACING, TABLES)
    if not payload:
        return
    cut = payload[: data.draw(st.integers(0, len(payload) - 1))]
    try:
        again = decode(cut, shape(len(levels)), TABLES)[0]
    except FormatError:
        return
    assert not np.array_equal(again, levels)


def test_bytes_behind_the_end_are_refused() -> None:
    payload = encode(music(1), SPACING, TABLES)
    for more in (b"\0", b"\1", b"\0\0\0\0\1"):
        with pytest.raises(FormatError, match="damaged"):
            decode(payload + more, shape(40), TABLES)


def test_few_bytes_cannot_ask_for_much_work() -> None:
    """Every bin at its highest takes two bytes, but the decisions of thousands."""
    steady = np.full((400, BINS), 3, np.int32)
    payload = encode(steady, SPACING, TABLES)
    known = memory_of(TABLES, BINS, SPACING)
    assert len(send(steady, known)) == len(payload)
    assert known[loop.DECISIONS] <= WORK * (len(payload) + 1)
    np.testing.assert_array_equal(decode(payload, shape(400), TABLES)[0], steady)
    with pytest.raises(FormatError, match="cannot hold so much"):
        decode(payload[: len(payload) // 4], shape(400), TABLES)


def test_a_level_beyond_the_format_is_refused() -> None:
    levels = np.zeros((1, BINS), np.int32)
    levels[0, 3] = -loop.MOST
    assert decode(encode(levels, SPACING, TABLES), shape(1), TABLES)[0][0, 3] == levels[0, 3]
    levels[0, 3] -= 1
    with pytest.raises(FormatError, match=f"{loop.MOST} is the most"):
        encode(levels, SPACING, TABLES)


def test_the_bytes_are_the_same_without_numba() -> None:
    script = (
        "import sys, json; sys.modules['numba'] = None\n"
        "import numpy as np\n"
        "from runtime.coders.lapped.coder import Shape, decode, encode\n"
        "from runtime.coders.lapped.tables import fresh_tables\n"
        "q = np.array(json.loads(sys.argv[1]), np.int32); t = fresh_tables()\n"
        "p = encode(q, 172.0, t); assert (decode(p, Shape(*q.shape, 172.0), t)[0] == q).all()\n"
        "print(p.hex())"
    )
    levels = music(7)
    levels[3, 4] = 5000
    root = Path(__file__).parents[4]
    command = [sys.executable, "-c", script, json.dumps(levels.tolist())]
    plain = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    assert plain.stdout.strip() == encode(levels, SPACING, TABLES).hex()


def test_no_constant_lies_so_near_a_half_that_a_machine_could_round_it_otherwise() -> None:
    logits = [256 * math.log((i + 0.5) / (4095.5 - i)) for i in range(4096)]
    chances = [65536 / (1 + math.exp((3072 - i) / 256)) for i in range(6144)]
    steps = [65536 / (age + 1.6) for age in range(1001)]
    for values in (logits, chances, steps):
        assert min(abs(value % 1 - 0.5) for value in values) > 1e-9


def test_tables_are_read_as_written() -> None:
    tables = learned()
    again = parse_tables(tables.packed())
    assert again.packed() == tables.packed()
    assert again.hash == tables.hash != TABLES.hash


@pytest.mark.parametrize("change", [lambda d: d[:-1], lambda d: d + b"\0", lambda d: b"X" + d[1:]])
def test_bytes_that_are_no_tables_are_refused(change: object) -> None:
    with pytest.raises(BundleError, match="no tables"):
        parse_tables(change(TABLES.packed()))  # type: ignore[operator]
