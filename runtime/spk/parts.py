"""The parts of a file in the layout of its version: 1 for the paper's kinds, 2 for LAPPED."""

from runtime.coders.lapped.tables import Tables
from runtime.errors import FormatError
from runtime.piece import Chunk
from runtime.spk import chunks, header, short, tags
from runtime.spk.blocks import Read
from runtime.spk.chunks import StoredChunk
from runtime.spk.header import SpkHeader
from runtime.spk.short import ShortChunk, ShortDigest
from runtime.spk.tags import Digest, End, Tag

Block = StoredChunk | ShortChunk | Tag | End


def read_header(read: Read) -> SpkHeader:
    """Read a header; raises `FormatError` if it is not one, is damaged, or has another version."""
    start = read(len(header.MAGIC) + 1)
    if start[:4] != header.MAGIC[: len(start)] or not start:
        raise FormatError("is not a .spk file")
    version = start[4] if len(start) > 4 else header.VERSION
    if version not in (header.VERSION, short.VERSION):
        raise FormatError(
            f"header: version {version} is unknown; this program reads {header.VERSION} and "
            f"{short.VERSION}; a later one may read it"
        )
    parse = short.parse_header if version == short.VERSION else header.parse_header
    try:
        return parse(start, read)
    except FormatError as error:
        said = str(error)
        raise FormatError(said if said.startswith("header: ") else f"header: {said}") from None


def pack_header(of: SpkHeader) -> bytes:
    """Return the bytes of a header."""
    return short.pack_header(of) if of.lapped else header.pack_header(of)


def header_bytes(of: SpkHeader) -> int:
    """Return the length of a header, as it was read or as it is written."""
    return of.size or len(pack_header(of))


def store(chunk: Chunk, of: SpkHeader, tables: Tables | None) -> StoredChunk | ShortChunk:
    """Code a chunk; `tables` are the coder's tables of a LAPPED model."""
    if not of.lapped:
        return chunks.store(chunk, of.coder)
    if tables is None:
        raise FormatError("a LAPPED model's events need the tables of its coder")
    return short.store(chunk, of, tables)


def pack_chunk(chunk: StoredChunk | ShortChunk) -> bytes:
    """Return the bytes of a chunk."""
    return short.pack_chunk(chunk) if isinstance(chunk, ShortChunk) else chunks.pack_chunk(chunk)


def read_block(read: Read, of: SpkHeader) -> Block | None:
    """Read the next part, None at the end of the file; raises `FormatError` for anything else."""
    sync = read(2)
    if sync == chunks.SYNC:
        return short.read_chunk(read, of) if of.lapped else chunks.read_chunk(read, of)
    if sync == tags.SYNC:
        tag = tags.read_tag(read)
        return tags.parse_end(tag) if tag.name == tags.END and not of.lapped else tag
    if sync == short.END_SYNC and of.lapped:
        return short.read_end(read, of)
    if sync:
        raise FormatError("neither a chunk nor a tag begins here")
    return None


def digest_of(of: SpkHeader) -> Digest | ShortDigest:
    """Return the object that computes the digest of a file's chunks."""
    return ShortDigest() if of.lapped else Digest()


def pack_end(of: SpkHeader, end: End) -> bytes:
    """Return the bytes of an end."""
    return short.pack_end(of, end) if of.lapped else tags.pack_tag(tags.end_tag(end))


def end_bytes(of: SpkHeader) -> int:
    """The length of the end in bytes."""
    return short.end_bytes(of) if of.lapped else tags.END_BYTES
