"""The lapped code in ONNX's integers: the events of the runtime, for any frame."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from export.lapped_integers import integer_graph, sums_graph
from runtime.lapped import chip
from runtime.thermometer import events_of

HOP, BINS, LEVELS = 2048, 64, 6


@pytest.fixture(scope="module")
def units() -> chip.Units:
    theta = np.linspace(110, 30, BINS).astype(np.int32)
    return chip.Units(np.stack([theta, theta - 2, theta - 3, theta - 4]), HOP)


@pytest.fixture(scope="module")
def session(units: chip.Units) -> onnxruntime.InferenceSession:
    return onnxruntime.InferenceSession(integer_graph(units, LEVELS).SerializeToString())


def frames(kind: str) -> np.ndarray:
    rng = np.random.default_rng(0)
    weight = chip.dictionary(BINS, HOP)
    worst = int(np.abs(weight).sum(1).argmax())
    return {
        "noise": rng.integers(-127, 128, (5, 2 * HOP)),
        "worst": np.stack([s * 127 * np.sign(weight[row]) for row in (0, worst) for s in (1, -1)]),
        "loudest": np.full((2, 2 * HOP), 127) * np.array([[1], [-1]]),
        "silence": np.zeros((1, 2 * HOP)),
    }[kind].astype(np.int8)


@pytest.mark.parametrize("kind", ["noise", "worst", "loudest", "silence"])
@pytest.mark.parametrize("octave", [0, 3, 6, 9, 12, 30])
def test_events_are_those_of_the_runtime(
    session: onnxruntime.InferenceSession, units: chip.Units, kind: str, octave: int
) -> None:
    payload = frames(kind)
    exponent = np.zeros(len(payload), np.int32)
    step = chip.finest_step(exponent, HOP) * 2.0**octave
    accumulator = chip.accumulated(payload, units)
    found = np.clip(chip.levels(accumulator, exponent, step, units), -LEVELS, LEVELS)
    steps = np.stack(
        [chip.level_payloads(level, exponent, step, units) for level in range(LEVELS)], 1
    )
    (events,) = session.run(None, {"payload": payload, "steps": steps})
    wanted = events_of(found.astype(np.int32), 2 * LEVELS * BINS)
    np.testing.assert_array_equal(events.T, wanted.bits)


def test_the_runtime_holds_the_graph_of_the_sums() -> None:
    assert (Path(chip.__file__).parent / chip.SUMS).read_bytes() == sums_graph().SerializeToString()


@pytest.mark.parametrize("kind", ["noise", "worst", "loudest", "silence"])
def test_sums_are_those_of_whole_numbers(units: chip.Units, kind: str) -> None:
    payload = frames(kind)
    sums = payload.astype(np.int64) @ chip.dictionary(BINS, HOP).T.astype(np.int64)
    np.testing.assert_array_equal(chip.accumulated(payload, units), sums >> chip.SHIFT)
