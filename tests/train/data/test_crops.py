import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import AudioError, DataError
from train.config import HOP, SAMPLE_RATE
from train.data.crops import Crops, ahead
from train.data.sources import Source, audio_file, recordings
from train.data.variation import retuned, vary


@dataclass
class Noise:
    """Noise by its seed; what lies at or after `broken` cannot be read."""

    name: str
    frames: int = SAMPLE_RATE
    broken: int = 1 << 40
    reads: list[int] = field(default_factory=list)

    def read(self, start: int, frames: int) -> np.ndarray:
        self.reads.append(start)
        if start + frames > self.broken:
            raise AudioError(f"{self.name}: is damaged")
        rng = np.random.default_rng(list(self.name.encode()))
        return rng.uniform(-0.5, 0.5, self.frames).astype(np.float32)[start : start + frames]


def silent(line: str) -> None:
    pass


def noises(*broken: str) -> list[Source]:
    return [Noise(name, broken=0 if name in broken else 1 << 40) for name in "abc"]


def test_a_crop_of_files_is_what_it_has_always_been(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b", "c"):
        sound = rng.uniform(-0.5, 0.5, (SAMPLE_RATE, 2))
        soundfile.write(tmp_path / f"{name}.flac", sound, SAMPLE_RATE)
    files = recordings(tmp_path)
    crops = Crops([audio_file(file, tmp_path) for file in files], 3, 4 * HOP, 7)
    for item in range(3):
        # The draws, in their order, of runs that must stay reproducible.
        draw = np.random.default_rng([7, 5 * 3 + item])
        span = int(np.ceil(4 * HOP * 2 ** (0.15 / 12))) + 1
        room = np.full(3, SAMPLE_RATE - span + 1)
        index = int(draw.choice(3, p=room / room.sum()))
        start = int(draw.integers(room[index]))
        sound, _ = soundfile.read(files[index], span, start, dtype="float32", always_2d=True)
        expected = vary(retuned(sound.mean(1), 4 * HOP, draw), draw)
        np.testing.assert_array_equal(crops(5)[item], expected)


def test_a_batch_is_a_function_of_seed_and_step() -> None:
    one, same = Crops(noises(), 3, 4 * HOP, 7), Crops(noises(), 3, 4 * HOP, 7)
    one(0)
    np.testing.assert_array_equal(one(5), same(5))
    assert not np.array_equal(one(5), one(6))
    assert not np.array_equal(one(5), Crops(noises(), 3, 4 * HOP, 8)(5))


@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_the_ranks_of_a_run_make_the_batch_of_one(batch: int, ranks: int, step: int) -> None:
    crops = Crops(noises("b"), batch, HOP, 3, silent)
    edges = [rank * batch // ranks for rank in range(ranks + 1)]
    parts = [crops(step, range(a, b)) for a, b in pairwise(edges) if b > a]
    np.testing.assert_array_equal(np.concatenate(parts), crops(step))


def test_short_pieces_are_named_and_left_out_or_all_refused() -> None:
    told: list[str] = []
    sources = [*noises(), Noise("short.wav", 10)]
    crops = Crops(sources, 2, 4 * HOP, 0, told.append)
    assert crops.sources == sources[:3]
    assert len(told) == 1
    assert told[0].startswith("short.wav: ")
    with pytest.raises(DataError, match="none of 4 pieces"):
        Crops(sources, 2, 10 * SAMPLE_RATE, 0, silent)


def test_a_piece_that_breaks_in_the_middle_is_replaced_the_same_way_in_a_resumed_run() -> None:
    half = 2 * HOP + (SAMPLE_RATE - 2 * HOP) // 2

    def made() -> list[Source]:
        return [Noise("whole"), Noise("half", broken=half)]

    told: list[str] = []
    run = Crops(made(), 4, HOP, 1, told.append)
    whole = [run(step) for step in range(12)]
    assert set(told) == {"half: is damaged (skipped)"}
    half_source = run.sources[1]
    assert isinstance(half_source, Noise)
    # Its sound part is still in use after the other part was met.
    assert any(start + run.span <= half for start in half_source.reads[len(told) :])
    for first in (3, 8):
        resumed = Crops(made(), 4, HOP, 1, silent)
        for step in range(first, 12):
            np.testing.assert_array_equal(resumed(step), whole[step])


def test_pieces_that_can_be_read_serve_for_those_that_cannot() -> None:
    crops = Crops(noises("a", "b"), 8, HOP, 0, silent)
    assert crops(0).shape == (8, HOP)
    with pytest.raises(DataError, match="none of 3 pieces"):
        Crops(noises("a", "b", "c"), 1, HOP, 0, silent)(0)


def test_a_damaged_file_is_named_once_by_all_workers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    for name in ("cut", "whole"):
        sound = rng.uniform(-0.5, 0.5, SAMPLE_RATE)
        soundfile.write(tmp_path / f"{name}.flac", sound, SAMPLE_RATE)
    cut = tmp_path / "cut.flac"
    cut.write_bytes(cut.read_bytes()[:5000])
    sources: list[Source] = [audio_file(file, tmp_path) for file in recordings(tmp_path)]
    for seed in (0, 1):
        assert len(list(ahead(Crops(sources, 4, HOP, seed), 0, 4, 4))) == 4
    (line,) = capsys.readouterr().err.splitlines()
    assert "cut.flac" in line


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize(("first", "last"), [(3, 9), (0, 1), (4, 4)])
def test_reading_ahead_keeps_the_order(workers: int, first: int, last: int) -> None:
    made = ahead(lambda step: np.full(1, step, np.float32), first, last, workers)
    assert [int(batch[0]) for batch in made] == list(range(first, last))


def meeting(workers: int) -> Callable[[int], np.ndarray]:
    """Batches that are made only while as many others are being made."""
    barrier = threading.Barrier(workers, timeout=30)

    def make(step: int) -> np.ndarray:
        barrier.wait()
        return np.full(1, step, np.float32)

    return make


def test_several_workers_work_at_once() -> None:
    assert len(list(ahead(meeting(3), 0, 6, 3))) == 6


def test_what_goes_wrong_ahead_is_raised_at_its_step() -> None:
    def make(step: int) -> np.ndarray:
        if step == 2:
            raise DataError("gone")
        return np.zeros(1, np.float32)

    made = ahead(make, 0, 5, 2)
    next(made)
    next(made)
    with pytest.raises(DataError, match="gone"):
        next(made)
