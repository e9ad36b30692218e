import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import SpikingMusicError
from spiking_music.corpus.manifests import named_in

paths = st.lists(st.sampled_from(["..", ".", "a", "b c", "ü"]), min_size=1, max_size=6)


@given(st.sampled_from(["", "/", "s3://"]), paths.map("/".join))
def test_no_name_leads_out_of_the_folder_it_is_joined_to(start: str, path: str) -> None:
    for name in named_in("lists/all.txt", [f"{start}{path}"]):
        joined = posixpath.normpath(posixpath.join("/out", name))
        assert joined == "/out" or joined.startswith("/out/")


def test_paths_are_relative_to_the_list() -> None:
    lines = ["# a comment", "", "one.wav\n", "sub/./two.wav", "../three.wav", "/four.wav"]
    assert named_in("music/all.txt", lines) == {
        "one.wav": "music/one.wav",
        "sub/two.wav": "music/sub/two.wav",
        "three.wav": "music/../three.wav",
        "four.wav": "/four.wav",
    }
    assert named_in("all.txt", ["s3://there/x.wav"]) == {"there/x.wav": "s3://there/x.wav"}
    assert named_in("s3://there/all.txt", ["x.wav"]) == {"x.wav": "s3://there/x.wav"}


@pytest.mark.parametrize("column", ["path", "audio_filename"])
def test_a_table_names_recordings_in_a_column(column: str) -> None:
    lines = [f'composer,"{column}",year', '"Bach, J. S.",2018/x.wav,2018', "Nobody,,2018"]
    assert named_in("maestro/maestro.csv", lines) == {"2018/x.wav": "maestro/2018/x.wav"}


def test_a_table_without_such_a_column_is_refused() -> None:
    with pytest.raises(SpikingMusicError, match=r"x\.csv: has no column path or audio_filename"):
        named_in("x.csv", ["composer,year", "Bach,1720"])
