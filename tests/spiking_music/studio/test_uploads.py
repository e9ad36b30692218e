import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spiking_music.studio.errors import TooLargeError, TooSlowError
from spiking_music.studio.limits import Limits
from spiking_music.studio.uploads import is_midi, receive, shown_name


async def body(*blocks: bytes, pause: float = 0.0) -> AsyncIterator[bytes]:
    for block in blocks:
        await asyncio.sleep(pause)
        yield block


def test_what_comes_is_written(tmp_path: Path) -> None:
    file = tmp_path / "x"
    asyncio.run(receive(body(b"MThd", b"", b"rest"), file, "x.wav", Limits(bytes=8)))
    assert file.read_bytes() == b"MThdrest"
    assert is_midi(file)


def test_what_is_too_large_or_too_slow_leaves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "x"
    with pytest.raises(TooLargeError, match=r"^x\.wav: is larger than 0 MiB; give it as FLAC"):
        asyncio.run(receive(body(b"12345", b"6789"), file, "x.wav", Limits(bytes=8)))
    with pytest.raises(TooSlowError, match=r"^x\.wav: took longer than 0.01 s"):
        asyncio.run(receive(body(b"1", pause=30), file, "x.wav", Limits(arrival=0.01)))
    assert not file.exists()


@given(st.text())
def test_a_name_is_a_short_word_without_folders(name: str) -> None:
    shown = shown_name(name)
    assert 0 < len(shown) <= 80
    assert shown.isprintable()
    assert "/" not in shown
    assert "\\" not in shown
