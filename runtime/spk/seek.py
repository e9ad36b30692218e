"""Find a chunk in a file that is not a pipe, by the seek table or from chunk to chunk."""

import os
from typing import BinaryIO

from runtime.errors import FormatError
from runtime.spk import chunks, tags
from runtime.spk.blocks import reads
from runtime.spk.header import HEADER_BYTES, SpkHeader

_HEAD = 16  # bytes that hold the length of a chunk as well as of a tag


def place_of(file: BinaryIO, header: SpkHeader, index: int) -> int:
    """Return where chunk `index` begins; raises `FormatError` when it is not found."""
    place, at = _nearest(file, index)
    while True:
        file.seek(place)
        head = file.read(_HEAD)
        if head[:2] == chunks.SYNC and len(head) == _HEAD:
            if int.from_bytes(head[2:6], "little") != at:
                break
            if at == index:
                return place
            at += 1
            place += chunks.FRAMING_BYTES + int.from_bytes(head[13:16], "little")
        elif head[:2] == tags.SYNC and head[2:6] != tags.END.encode():
            place += tags.TAG_BYTES + int.from_bytes(head[6:9], "little")
        else:
            break
    raise FormatError(f"chunk {index}: missing, or the file is damaged before it at byte {place}")


def _nearest(file: BinaryIO, index: int) -> tuple[int, int]:
    """Return the place of a chunk not behind `index` and its index; without a table the start."""
    try:
        places = _table(file)
        entry = min(index // tags.EVERY, len(places) - 1)
        return places[entry], entry * tags.EVERY
    except FormatError:
        return HEADER_BYTES, 0


def _table(file: BinaryIO) -> list[int]:
    size = file.seek(0, os.SEEK_END)
    end = tags.parse_end(_tag_at(file, size - tags.END_BYTES))
    entries = -(-end.chunks // tags.EVERY)
    table = _tag_at(file, size - tags.END_BYTES - tags.TAG_BYTES - 8 * entries)
    places = tags.parse_seek(table)
    if table.name != tags.SEEK or not places or max(places) >= size:
        raise FormatError("there is no seek table")
    return places


def _tag_at(file: BinaryIO, place: int) -> tags.Tag:
    if place < HEADER_BYTES:
        raise FormatError("there is no tag")
    file.seek(place)
    read = reads(file)
    if read(2) != tags.SYNC:
        raise FormatError("there is no tag")
    return tags.read_tag(read)
