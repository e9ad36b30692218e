"""A run that is stopped, starved or lied to leaves no damaged output, and its code says why."""

import io
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spiking_music.corpus.listing import listed
from spiking_music.corpus.places import publish
from spiking_music.corpus.recipe import Recipe
from spiking_music.corpus.run import encode_corpus

Outputs = Callable[[Path], dict[str, bytes]]
Write = Callable[[Path, int], None]
Words = list[object]


@pytest.fixture
def words(music: Path, out: Path, recipe: Recipe) -> Words:
    """The command line that encodes the corpus on two processes."""
    run = [sys.executable, "-m", "spiking_music", "encode", music, out]
    return [*run, "--jobs", 2, "--bundle", recipe.bundle]


def begun(words: Words, limit: tuple[int, int] | None = None) -> subprocess.Popen[str]:
    """Begin a command in a group of its own, under a limit on a resource."""

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # which a shell's background job ignores
        if limit is not None:
            resource.setrlimit(limit[0], (limit[1],) * 2)

    return subprocess.Popen(
        list(map(str, words)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=prepare,
    )


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that is bound to happen."""
    give_up = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def _interrupt_group(pid: int) -> None:
    os.killpg(pid, signal.SIGINT)  # as a terminal does


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize(("stop", "code"), [(_interrupt_group, 130), (_kill, -signal.SIGKILL)])
def test_a_run_that_is_stopped_at_work_leaves_whole_files_and_nobody_and_goes_on(
    music: Path,
    out: Path,
    recipe: Recipe,
    words: Words,
    outputs: Outputs,
    write: Write,
    stop: Callable[[int], None],
    code: int,
) -> None:
    (music / "z.wav").unlink()
    os.mkfifo(music / "z.wav")  # who reads it waits for ever
    names = music / "list.txt"
    names.write_text("a.wav\nb.flac\ndeep/er/c.wav\nz.wav\n")
    words[words.index(music)] = names
    run = begun(words)
    until(lambda: len(list(out.rglob("[!.]*.spk"))) == 3)
    stop(run.pid)
    _, errors = run.communicate(timeout=120)
    assert run.returncode == code
    assert "Traceback" not in errors
    until(lambda: group_is_gone(run.pid))
    assert len(outputs(out)) == 3
    (music / "z.wav").unlink()
    write(music / "z.wav", 3_000)
    summary = encode_corpus(listed(str(music), str(out)), recipe, 1)
    assert (summary["kept"], summary["encoded"]) == (3, 1)


def test_a_file_beyond_what_is_allowed_fails_alone(
    music: Path, out: Path, words: Words, outputs: Outputs, write: Write
) -> None:
    write(music / "long.wav", 2_000_000)
    run = begun(words, (resource.RLIMIT_FSIZE, 4_000))
    report, errors = run.communicate(timeout=120)
    assert run.returncode == 1
    assert "long.wav: failed (File too large)" in errors
    assert "Traceback" not in errors
    assert "failed" in report
    assert sorted(outputs(out)) == ["a.spk", "b.spk", "deep/er/c.spk", "z.spk"]


STARVED = """
import os, resource, sys
os.environ["OMP_NUM_THREADS"] = "1"  # each further thread wants 64 MiB of addresses
import onnxruntime, spiking_music.corpus.run, runtime.coders.adaptive_loop
from runtime.errors import SpikingMusicError
from spiking_music.cli.app import app
from spiking_music.cli.main import main
try:  # load all there is, so that the data are what there is no memory for
    app(["encode", "none.wav"], standalone_mode=False)
except SpikingMusicError:
    pass
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * resource.getpagesize() + int(sys.argv.pop(1)) * 2**20
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
main()
"""


@pytest.mark.parametrize(("megabytes", "codes"), [(0, {1, 2}), (40, {0, 1})])
def test_too_little_memory_is_told_in_a_line_and_damages_nothing(
    music: Path,
    out: Path,
    words: Words,
    outputs: Outputs,
    write: Write,
    megabytes: int,
    codes: set[int],
) -> None:
    write(music / "long.wav", 9_000_000)
    run = begun([sys.executable, "-c", STARVED, megabytes, *words[3:6], "--jobs", 1, *words[8:]])
    _, errors = run.communicate(timeout=120)
    assert run.returncode in codes, errors
    assert len(errors.splitlines()) == bool(run.returncode)
    assert "memory" in errors or not errors
    outputs(out)


STEPS = ("os.replace", "os.link", "shutil.copyfileobj")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("before", [True, False])
def test_death_at_any_step_of_publishing_leaves_the_old_file_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, before: bool
) -> None:
    place = tmp_path / "folder" / "x.spk"
    publish(io.BytesIO(b"old"), str(place))
    module, name = step.split(".")
    real = getattr(sys.modules[module], name)

    def deadly(*words: object) -> None:
        if not before:
            real(*words)
        os._exit(9)

    child = os.fork()
    if not child:
        monkeypatch.setattr(step, deadly)
        publish(io.BytesIO(b"new" * 9_999), str(place))
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (0 if step == "os.link" else 9)
    assert place.read_bytes() in (b"old", b"new" * 9_999)
    publish(io.BytesIO(b"newer"), str(place))
    assert place.read_bytes() == b"newer"


def _jumping() -> Iterator[float]:
    while True:
        yield from (2e9, -1e9, 0.0, 4e9)


def test_a_clock_that_jumps_changes_nothing(
    music: Path, out: Path, recipe: Recipe, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = _jumping()
    monkeypatch.setattr(time, "time", lambda: next(times))
    listing = listed(str(music), str(out))
    first = encode_corpus(listing, recipe, 1)
    before = outputs(out)
    for path in (*music.rglob("*.*"), *out.rglob("*.*")):
        os.utime(path, (next(times) + 1e9, next(times) + 1e9))
    second = encode_corpus(listing, recipe, 1)
    assert (first["encoded"], second["kept"]) == (4, 4)
    assert outputs(out) == before
    assert first["hours_an_hour"] > 0
    assert 0 < second["elapsed_seconds"] < 3600
