import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from runtime.errors import BundleError
from spiking_music.corpus.listing import listed
from spiking_music.corpus.outcome import Outcome
from spiking_music.corpus.processes import on_processes
from spiking_music.corpus.recipe import Recipe
from spiking_music.corpus.run import encode_corpus
from spiking_music.corpus.window import Work

Outputs = Callable[[Path], dict[str, bytes]]
DIES = "__import__('os').kill(__import__('os').getpid(), 9)"


def evaluated(items: Sequence[str], jobs: int) -> list[Any]:
    """What processes yield for items that are Python and that they evaluate."""
    work: Any = eval  # a function that every process has
    return list(on_processes(work, items, jobs))  # type: ignore[arg-type]


def test_processes_make_the_same_files_as_one(
    music: Path, out: Path, tmp_path: Path, recipe: Recipe, outputs: Outputs
) -> None:
    alone = tmp_path / "alone"
    encode_corpus(listed(str(music), str(alone)), recipe, 1)
    encode_corpus(listed(str(music), str(out)), recipe, 2)
    assert outputs(out) == outputs(alone)


def test_a_worker_computes_on_its_share_of_the_cores() -> None:
    threads = "__import__('os').environ['OMP_NUM_THREADS']"
    assert evaluated([threads], 64) == ["1"]


def test_who_kills_its_worker_fails_and_takes_nobody_along() -> None:
    items = ["'a'", DIES, "'b'", "'c'", DIES, "'d'"]
    found = evaluated(items, 2)
    dead = [one for one in found if isinstance(one, Outcome)]
    assert sorted(one for one in found if isinstance(one, str)) == ["a", "b", "c", "d"]
    assert [one.status for one in dead] == ["failed", "failed"]
    assert "killed" in dead[0].reason


def test_a_worker_killed_while_it_waits_for_work_does_not_make_the_other_wait_for_ever(
    tmp_path: Path,
) -> None:
    """It holds the lock of the queue that both take their work from."""
    first = """
while not busy.exists():
    time.sleep(0.01)
idle.write_text(str(os.getpid()))
"""
    second = """
busy.touch()
while not idle.exists():
    time.sleep(0.01)
time.sleep(0.5)  # until it waits again
pid = idle.read_text()
idle.write_text("")
if pid:
    os.kill(int(pid), 9)
    time.sleep(1000)
"""
    names = "import os, pathlib, time\n"
    names += "".join(f"{n} = pathlib.Path({str(tmp_path / n)!r})\n" for n in ("busy", "idle"))
    found = evaluated([f"exec({names + first!r}) or 'a'", f"exec({names + second!r}) or 'b'"], 2)
    assert sorted(found) == ["a", "b"]


def test_what_a_worker_raises_ends_the_run_and_the_workers() -> None:
    before = set(multiprocessing.active_children())
    with pytest.raises(ZeroDivisionError):
        evaluated(["__import__('time').sleep(1000)", "1 / 0"], 2)
    assert set(multiprocessing.active_children()) == before


def test_workers_killed_at_work_lose_nothing(
    music: Path, out: Path, work: Work, outputs: Outputs, write: Callable[[Path, int], None]
) -> None:
    before = set(multiprocessing.active_children())
    items = listed(str(music), str(out)).items
    (music / "z.wav").unlink()
    os.mkfifo(music / "z.wav")  # who reads it waits for ever
    outcomes = on_processes(work, items, 2)
    assert {next(outcomes).item.name for _ in range(3)} == {"a.wav", "b.flac", "deep/er/c.wav"}
    (music / "z.wav").unlink()
    write(music / "z.wav", 3_000)
    for process in set(multiprocessing.active_children()) - before:
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
    assert [outcome.status for outcome in outcomes] == ["encoded"]
    assert len(outputs(out)) == 4


def test_a_bundle_swapped_before_a_worker_begins_ends_the_run(
    music: Path, out: Path, recipe: Recipe, copy_of_toy: Callable[[], Path]
) -> None:
    folder = copy_of_toy()
    (folder / "encoder.onnx").write_bytes(b"another encoder")
    swapped = Recipe(folder, recipe.model, recipe.storage)
    with pytest.raises(BundleError, match=r"encoder\.onnx: differs"):
        encode_corpus(listed(str(music), str(out)), swapped, 2)
    assert not out.exists()
