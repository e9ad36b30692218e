"""Tags, which a reader may skip: title and source, the seek table, and the end with its digest."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runtime.errors import FormatError
from runtime.piece import Chunk
from runtime.spk.blocks import CRC, Read, opened, sealed, three

SYNC = b"\xa5\xc3"
TEXTS = {"titl": "title", "srce": "source"}
SEEK, END = "seek", "end "
EVERY = 16  # chunks for each entry of the seek table
MAX_BODY = 2**20
DIGEST_BYTES = 16
# name, length; the body and CRC-32 follow
_HEAD = struct.Struct("<4s3s")
_END = struct.Struct(f"<QI{DIGEST_BYTES}s")
TAG_BYTES = len(SYNC) + _HEAD.size + CRC.size
END_BYTES = TAG_BYTES + _END.size


@dataclass(frozen=True)
class Tag:
    """A tag of four ASCII characters and its body."""

    name: str
    body: bytes


@dataclass(frozen=True)
class End:
    """The end of a file: number of `samples` and `chunks`, and the `digest` of all events."""

    samples: int
    chunks: int
    digest: bytes


class Digest:
    """The first 16 bytes of SHA-256 over the dense payloads of all chunks."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, chunk: Chunk) -> None:
        """Add a chunk."""
        self._hash.update(np.packbits(chunk.events.bits).tobytes())

    def value(self) -> bytes:
        """Return the digest of what was added."""
        return self._hash.digest()[:DIGEST_BYTES]


def pack_tag(tag: Tag) -> bytes:
    """Return the bytes of a tag; raises `FormatError` when its body is too long."""
    if len(tag.body) > MAX_BODY:
        raise FormatError(
            f"tag {tag.name!r}: {len(tag.body)} bytes; at most {MAX_BODY} are allowed"
        )
    return sealed(SYNC + _HEAD.pack(tag.name.encode("ascii"), three(len(tag.body))) + tag.body)


def read_head(read: Read) -> tuple[str, int, bytes]:
    """Read from behind `SYNC` up to the body; return the name, the length and the bytes read."""
    head = read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise FormatError("the file ends inside it")
    name, count = _HEAD.unpack(head)
    length = int.from_bytes(count, "little")
    if length > MAX_BODY or not name.isascii():
        raise FormatError(f"its head is damaged: {length} bytes")
    return name.decode("ascii"), length, SYNC + head


def read_tag(read: Read) -> Tag:
    """Read what follows `SYNC`; raises `FormatError` when it is damaged or out of bounds."""
    name, length, head = read_head(read)
    return Tag(name, opened(head, length, read))


def text_tag(kind: str, text: str) -> Tag:
    """Return the tag of a `title` or a `source`; raises `FormatError` for another kind."""
    for name, known in TEXTS.items():
        if known == kind:
            return Tag(name, text.encode())
    raise FormatError(f"tag {kind!r} is unknown; choose {' or '.join(TEXTS.values())}")


def end_tag(end: End) -> Tag:
    """Return the tag of an end."""
    return Tag(END, _END.pack(end.samples, end.chunks, end.digest))


def parse_end(tag: Tag) -> End:
    """Parse an end; raises `FormatError` when its length is wrong."""
    if len(tag.body) != _END.size:
        raise FormatError(f"end: has {len(tag.body)} bytes instead of {_END.size}")
    return End(*_END.unpack(tag.body))


def seek_tag(places: Sequence[int]) -> Tag:
    """Return the seek table: the places of chunk 0, `EVERY`, 2 `EVERY`, ... in the file."""
    return Tag(SEEK, np.array(places, "<u8").tobytes())


def parse_seek(tag: Tag) -> list[int]:
    """Return the places in a seek table."""
    if len(tag.body) % 8:
        raise FormatError(f"seek table: has {len(tag.body)} bytes, not a multiple of 8")
    return [int(place) for place in np.frombuffer(tag.body, "<u8")]
