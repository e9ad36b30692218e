import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from runtime import scratch as scratches
from runtime.scratch import scratch

HOLD = """
import sys, time
from pathlib import Path
from runtime.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("half")
    print(folder, flush=True)
    time.sleep(60)
"""


def hold(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """Another process that holds a folder in `parent`."""
    command = [sys.executable, "-c", HOLD, str(parent)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


@pytest.fixture(autouse=True)
def _fresh() -> None:
    scratches._sweep.cache_clear()


def test_a_folder_is_private_and_goes_with_its_block(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "a").mkdir()
        (folder / "a" / "b").write_text("b")
    assert not any(tmp_path.iterdir())


def test_the_system_has_a_place_for_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch() as folder:
        assert folder.parent == tmp_path


def test_what_a_dead_process_left_goes_and_what_a_living_one_holds_stays(tmp_path: Path) -> None:
    dead, left = hold(tmp_path)
    alive, held = hold(tmp_path)
    try:
        dead.kill()
        dead.wait()
        assert left.is_dir()
        with scratch(tmp_path):
            assert not left.exists()
            assert (held / "half").read_text() == "half"
    finally:
        alive.send_signal(signal.SIGKILL)
        alive.wait()


def test_nothing_else_goes(tmp_path: Path) -> None:
    names = [".spiking-music-abcdefgh", ".spiking-music-ABCDEFGH.part", ".a.part.wav", "x.part"]
    for name in names:
        (tmp_path / name).mkdir()
    (tmp_path / ".spiking-music-file0000.part").write_text("a file, which is never ours")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".spiking-music-link0000.part").symlink_to(tmp_path / "elsewhere")
    before = sorted(os.listdir(tmp_path))
    with scratch(tmp_path):
        pass
    assert sorted(os.listdir(tmp_path)) == before
