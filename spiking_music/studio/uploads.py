"""Receive uploads, limited in size and time, and recognise them by their contents."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from spiking_music.studio.errors import TooLargeError, TooSlowError
from spiking_music.studio.limits import Limits

_MIDI = b"MThd"
_LONGEST_NAME = 80


async def receive(body: AsyncIterator[bytes], file: Path, name: str, limits: Limits) -> None:
    """Write `body`, the upload of this `name`, to `file`, which is removed again on failure.

    Raises `TooLargeError` or `TooSlowError` when it exceeds the limits in bytes or time.
    """
    try:
        async with asyncio.timeout(limits.arrival):
            with file.open("wb") as out:
                left = limits.bytes
                async for block in body:
                    left -= len(block)
                    if left < 0:
                        raise TooLargeError(
                            f"{name}: is larger than {limits.bytes >> 20} MiB; give it as FLAC or "
                            "Ogg, or a part of it"
                        )
                    out.write(block)
    except TimeoutError as error:
        file.unlink(missing_ok=True)
        raise TooSlowError(
            f"{name}: took longer than {limits.arrival:g} s to arrive; try again, or give it as "
            "FLAC or Ogg"
        ) from error
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def is_midi(file: Path) -> bool:
    """Return whether a file begins like a Standard MIDI File."""
    with file.open("rb") as opened:
        return opened.read(len(_MIDI)) == _MIDI


def shown_name(name: str) -> str:
    """Return a file's name for messages: its last part, printable, of bounded length."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(filter(str.isprintable, last))[:_LONGEST_NAME].strip() or "recording"
