import os
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.errors import SpikingMusicError
from spiking_music.corpus.listing import is_corpus, listed

Write = Callable[[Path, int], None]


def test_a_tree_gives_its_recordings_and_nothing_else(music: Path, write: Write) -> None:
    (music / "notes.pdf").write_text("no sound")
    write(music / ".hidden.wav", 9)
    write(music / ".git" / "x.wav", 9)
    items = listed(str(music), "out").items
    assert [item.name for item in items] == ["a.wav", "b.flac", "deep/er/c.wav", "z.wav"]
    assert [item.source for item in items] == [str(music / item.name) for item in items]
    assert items[2].target == "out/deep/er/c.spk"


def test_what_a_folder_holds_beside_recordings_is_named(music: Path, write: Write) -> None:
    for name in ("cover.jpg", "song.m4a"):
        (music / name).write_text("no sound that is read here")
    (music / ".hidden").write_text("not looked at")
    os.mkfifo(music / "pipe.wav")  # which nobody may ever write to
    write(music / "LOUD.WAV", 9)
    (music / "deep" / "x.mp2").write_bytes(b"sound, by its name")
    listing = listed(str(music), "out")
    assert listing.left_out == ("cover.jpg", "song.m4a")
    assert {"LOUD.WAV", "deep/x.mp2"} <= {item.name for item in listing.items}
    assert "pipe.wav" not in {item.name for item in listing.items}


def test_a_list_gives_what_it_names(music: Path) -> None:
    names = music / "list.txt"
    names.write_text("z.wav\ndeep/er/c.wav\nnone.wav\nz.wav\n", encoding="utf-8")
    items = listed(str(names), "out").items
    assert [item.target for item in items] == ["out/deep/er/c.spk", "out/none.spk", "out/z.spk"]


@pytest.mark.parametrize("name", ["a::b.wav", "a*b.wav", "a?#%20.wav", "ä ö.wav", "[x].wav"])
def test_any_file_name_will_do(tmp_path: Path, write: Write, name: str) -> None:
    write(tmp_path / "odd" / name, 9)
    (item,) = listed(str(tmp_path / "odd"), "out").items
    assert item.name == name
    assert Path(item.source).is_file()


def test_two_recordings_never_share_an_output(music: Path, write: Write) -> None:
    write(music / "a.flac", 9)
    listing = listed(str(music), "out")
    assert [item.name for item in listing.clashes] == ["a.flac", "a.wav"]
    assert [item.name for item in listing.items] == ["b.flac", "deep/er/c.wav", "z.wav"]
    assert listing.files == 5


def test_where_there_is_no_music_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(SpikingMusicError, match="holds no recordings"):
        listed(str(tmp_path), "out")
    with pytest.raises(SpikingMusicError, match="no such file or folder"):
        listed(str(tmp_path / "none.txt"), "out")


def test_what_is_of_many_recordings(music: Path) -> None:
    for place in (str(music), "all.txt", "maestro.CSV", "s3://bucket/x.wav"):
        assert is_corpus(place)
    for place in (str(music / "a.wav"), "none.wav", "-"):
        assert not is_corpus(place)
