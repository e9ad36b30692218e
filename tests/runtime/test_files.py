import errno
import os
from pathlib import Path
from threading import Thread

import pytest

from runtime import files
from runtime.errors import OutputError
from runtime.files import opened_output, replacing, replacing_folder


def test_the_file_appears_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with replacing(path) as temporary:
        assert temporary.name == "a.wav"
        temporary.write_text("new")
        assert not path.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.wav"]
    assert path.read_text() == "new"


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_failure_leaves_nothing_and_keeps_the_old(tmp_path: Path, overwrite: bool) -> None:
    path = tmp_path / "a.bin"
    if overwrite:
        path.write_text("old")
    before = list(tmp_path.iterdir())

    def fail() -> None:
        with replacing(path, overwrite) as temporary:
            temporary.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == before
    assert not overwrite or path.read_text() == "old"


def test_an_existing_file_is_replaced_only_on_demand(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_text("old")
    with pytest.raises(OutputError, match="exists already"), replacing(path):
        pass
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"


def test_a_file_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"

    def race() -> None:
        with replacing(path) as temporary:
            temporary.write_text("mine")
            path.write_text("theirs")

    with pytest.raises(OutputError, match="exists already"):
        race()
    assert path.read_text() == "theirs"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("overwrite", [False, True])
def test_impossible_places_are_named(tmp_path: Path, overwrite: bool) -> None:
    with (
        pytest.raises(OutputError, match="no such folder"),
        replacing(tmp_path / "x" / "a", overwrite),
    ):
        pass
    with pytest.raises(OutputError, match="is a folder"), replacing(tmp_path, overwrite):
        pass


def test_a_refused_write_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), replacing(tmp_path / "a"):
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755])
def test_a_mode_is_kept(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)
    with replacing(path, overwrite=True) as temporary:
        temporary.write_text("new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("there", [False, True])
def test_of_a_link_the_target_is_written(tmp_path: Path, there: bool) -> None:
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "a.spk", tmp_path / "far" / "blob"
    link.symlink_to(target)
    if there:
        target.write_text("old")
    with replacing(link, overwrite=there) as temporary:
        assert temporary.suffix == ".spk"
        temporary.write_text("new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert [entry.name for entry in target.parent.iterdir()] == ["blob"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_pipe_is_written_through_and_stays(tmp_path: Path, overwrite: bool) -> None:
    fifo, heard = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = Thread(target=lambda: heard.append(fifo.read_bytes()))
    reader.start()
    with opened_output(fifo, overwrite) as file:
        file.write(b"events")
    reader.join()
    assert heard == [b"events"]
    assert fifo.is_fifo()
    with pytest.raises(OutputError, match="no regular file"), replacing(fifo, overwrite):
        pass


def test_a_regular_output_is_whole_or_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a"

    def fail() -> None:
        with opened_output(path) as file:
            file.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not any(tmp_path.iterdir())
    with opened_output(path) as file:
        file.write(b"whole")
    assert path.read_bytes() == b"whole"


def refuse_other(path: Path) -> None:
    if not (path / "manifest").exists():
        raise OutputError(f"{path}: stays")


@pytest.mark.parametrize("exchanges", [False, True])
def test_a_folder_makes_way_only_when_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchanges: bool
) -> None:
    if not exchanges:
        monkeypatch.setattr(files.ctypes, "CDLL", lambda name: None)
    path = tmp_path / "bundle"
    for text in ("first", "second"):
        with replacing_folder(path, True, refuse_other) as made:
            assert not path.exists() or (path / "manifest").read_text() == "first"
            (made / "manifest").write_text(text)
        assert (path / "manifest").read_text() == text
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]
    with pytest.raises(OutputError, match="exists already"):
        replacing_folder(path, False, refuse_other).__enter__()
    (path / "manifest").rename(path / "thesis.tex")
    with pytest.raises(OutputError, match="stays"):
        replacing_folder(path, True, refuse_other).__enter__()
    assert (path / "thesis.tex").read_text() == "second"


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    path = tmp_path / "bundle"
    path.mkdir()
    (path / "manifest").write_text("old")
    with pytest.raises(KeyError), replacing_folder(path, True, refuse_other):
        raise KeyError
    assert (path / "manifest").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["bundle"]
