import os
import socket
from pathlib import Path

import pytest

from runtime.errors import OutputError
from runtime.outputs import is_stream, refuse_output


def test_a_new_file_in_a_folder_is_fine(tmp_path: Path) -> None:
    refuse_output(tmp_path / "new")


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path, overwrite: bool) -> None:
    fifo, place = tmp_path / "fifo", tmp_path / "socket"
    os.mkfifo(fifo)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(place))
        for path in (fifo, place):
            with pytest.raises(OutputError, match="no regular file"):
                refuse_output(path, overwrite)
        refuse_output(fifo, overwrite, streams=True)
        assert is_stream(fifo)
        with pytest.raises(OutputError, match="no regular file"):
            refuse_output(place, overwrite, streams=True)
    assert not is_stream(tmp_path / "none")


@pytest.mark.parametrize("overwrite", [False, True])
def test_an_input_is_refused_by_any_name(tmp_path: Path, overwrite: bool) -> None:
    source, soft, hard = tmp_path / "a.wav", tmp_path / "soft", tmp_path / "hard"
    source.write_text("sound")
    soft.symlink_to(source)
    os.link(source, hard)
    for path in (source, soft, hard, tmp_path / "." / "a.wav", tmp_path / "no" / ".." / "a.wav"):
        if path.exists():
            with pytest.raises(OutputError, match="is what is read"):
                refuse_output(path, overwrite, [tmp_path / "other", source])


def test_impossible_outputs_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "dangling").symlink_to(tmp_path / "gone" / "x")
    for path, message in (
        (Path(""), "empty name"),
        (tmp_path / "x" / "a", "no such folder"),
        (tmp_path, "is a folder"),
        (tmp_path / "file" / "a", "Not a directory"),
        (tmp_path / "loop", "symbolic links"),
        (tmp_path / "dangling", "no such folder"),
        (tmp_path / ("n" * 300), "too long"),
    ):
        with pytest.raises(OutputError, match=message):
            refuse_output(path, overwrite=True)


@pytest.mark.parametrize("refused", ["file", "folder"])
def test_read_only_is_refused_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    closed = {"file": path, "folder": tmp_path}[refused]
    # Not by a mode, which does not stop root.
    monkeypatch.setattr(os, "access", lambda at, mode: Path(at) != closed)
    with pytest.raises(OutputError, match=r"read-only|cannot be written to"):
        refuse_output(path, overwrite=True)
