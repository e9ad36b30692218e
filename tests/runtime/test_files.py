import errno
from pathlib import Path

import pytest

from runtime.errors import OutputError
from runtime.files import replacing


def test_the_file_appears_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with replacing(path) as temporary:
        assert temporary.suffix == ".wav"
        assert temporary.parent == tmp_path
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
