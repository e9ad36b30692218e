"""Read a `.spk` file chunk by chunk from any binary file object, which may be a pipe."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from runtime.coders.lapped.tables import Tables, found_tables
from runtime.errors import FormatError
from runtime.kinds import Note, frame_count
from runtime.piece import Chunk
from runtime.spk import tags
from runtime.spk.blocks import Read, reads
from runtime.spk.chunks import StoredChunk
from runtime.spk.header import MAX_CHUNKS, SpkHeader
from runtime.spk.parts import Block, Digest, ShortDigest, digest_of, read_block, read_header
from runtime.spk.seek import place_of
from runtime.spk.short import ShortChunk
from runtime.spk.tags import EVERY, End, Tag, parse_seek

WRONG_TABLE = "seek table: names other places than those of the chunks; it is not used"


class _Counted:
    """A `read` that counts its bytes."""

    def __init__(self, read: Read) -> None:
        self._read, self.count = read, 0

    def __call__(self, length: int) -> bytes:
        data = self._read(length)
        self.count += len(data)
        return data


class SpkReader:
    """A file that is being read; iterating yields its `Chunk`s, each one checked first.

    `header` is known at once, `texts` (title, source) from the first chunk on. `samples` is the
    exact length, `UNKNOWN` until the end has been read. `note` is called with what was skipped.
    `tables` are those of a LAPPED model's coder; if not given, the shipped bundles are searched.
    Raises `FormatError`, in the constructor or while reading, which names the damaged part.
    """

    def __init__(
        self,
        file: BinaryIO,
        note: Note = lambda message: None,
        tables: Tables | None = None,
    ) -> None:
        self._file, self._note = file, note
        self._read = _Counted(reads(file))
        self.header = read_header(self._read)
        self.tables = tables_for(self.header, tables)
        self.samples = self.header.samples
        self.texts: dict[str, str] = {}
        self._due = self._frames = 0
        self._places: list[int] | None = []  # of every 16th chunk, as in the seek table
        self._digest: Digest | ShortDigest | None = digest_of(self.header)

    def __iter__(self) -> Iterator[Chunk]:
        for stored in self._chunks():
            try:
                chunk = stored.decoded(self.header, self.tables)
            except FormatError as error:
                raise FormatError(f"{chunk_name(stored.index, self.header)}: {error}") from None
            if self._digest is not None:
                self._digest.add(chunk)
            yield chunk

    def stored(self) -> Iterator[StoredChunk | ShortChunk]:
        """Yield the chunks without decoding them; the digest is then not compared."""
        self._digest = None
        return self._chunks()

    @property
    def seekable(self) -> bool:
        """Whether `seek` is possible."""
        return self._file.seekable()

    def seek(self, index: int) -> None:
        """Go to a chunk of a file that is not a pipe; the digest is then not compared.

        Raises `FormatError` when there is no such chunk or damage before it hides its place.
        """
        self._file.seek(place_of(self._file, self.header, index, self._note))
        self._places = None
        self._due, self._frames = index, index * self.header.chunk_frames
        self._digest = None

    def _chunks(self) -> Iterator[StoredChunk | ShortChunk]:
        place = self._read.count
        while (block := self._block()) is not None:
            if isinstance(block, End):
                self._end(block)
                return
            if isinstance(block, Tag):
                self._take(block)
            else:
                self._expect(block)
                if self._places is not None and block.index % EVERY == 0:
                    self._places.append(place)
                yield block
            place = self._read.count
        self._check_length()
        if self.header.ended:
            raise FormatError(f"end: missing after chunk {self._due - 1}; the file is truncated")
        if not self.header.known:
            self.samples = (self._frames - self.header.lapped) * self.header.hop

    def _take(self, tag: Tag) -> None:
        take_text(tag, self.texts, self._note)
        if tag.name == tags.SEEK and self._places is not None and parse_seek(tag) != self._places:
            self._note(WRONG_TABLE)

    def _block(self) -> Block | None:
        try:
            return read_block(self._read, self.header)
        except FormatError as error:
            over = self.header.known and self._due == self.header.chunks
            part = "end" if over else chunk_name(self._due, self.header)
            raise FormatError(f"{part}: {error}") from None

    def _expect(self, chunk: StoredChunk | ShortChunk) -> None:
        name = chunk_name(self._due, self.header)
        if chunk.index != self._due:
            raise FormatError(f"{name}: chunk {chunk.index} is in its place")
        if self._frames != self._due * self.header.chunk_frames:
            raise FormatError(f"{name}: follows the one that has to be the last")
        fault = misfit(chunk, self.header)
        if fault:
            raise FormatError(f"{name}: {fault}")
        self._due += 1
        self._frames += chunk.frames

    def _end(self, end: End) -> None:
        header = self.header
        self._check_length()
        if (
            end.chunks != self._due
            or frame_count(header.kind, end.samples, header.hop) != self._frames
            or (header.known and end.samples != header.samples)
        ):
            raise FormatError(
                f"end: {end.samples} samples in {end.chunks} chunks are announced, "
                f"{self._frames} frames in {self._due} chunks were read"
            )
        if self._digest is not None and self._digest.value() != end.digest:
            raise FormatError("end: the digest differs; these are not the events that were written")
        if self._read(1):
            raise FormatError("end: followed by more bytes")
        self.samples = end.samples

    def _check_length(self) -> None:
        if self.header.known and self._due < self.header.chunks:
            raise FormatError(
                f"{chunk_name(self._due, self.header)}: missing; the file is truncated"
            )


@contextmanager
def opened_spk(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read; a `FormatError` raised inside the block then names the file."""
    with ExitStack() as stack:
        try:
            file = stack.enter_context(Path(path).open("rb"))
        except OSError as error:
            raise FormatError(f"{path}: cannot be read ({error.strerror or error})") from error
        stack.enter_context(naming(path))
        yield file


@contextmanager
def naming(name: Path | str) -> Iterator[None]:
    """Put the name of the file before the message of a `FormatError`."""
    try:
        yield
    except FormatError as error:
        raise FormatError(f"{name}: {error}") from None


def tables_for(header: SpkHeader, tables: Tables | None) -> Tables | None:
    """Return the tables that a file needs: those given, or those of a shipped bundle, if any.

    Raises `FormatError` when the given tables are not the ones that the file names.
    """
    if header.lapped and tables is None:
        return found_tables(header.tables)
    if header.lapped and tables is not None and tables.hash != header.tables:
        raise FormatError(
            f"was coded with the tables {header.tables}, those of the bundle are {tables.hash}; "
            "give the bundle that made it"
        )
    return tables


def misfit(chunk: StoredChunk | ShortChunk, header: SpkHeader) -> str:
    """Return why a chunk cannot belong to the file, whatever the others are; empty if it can."""
    last = header.chunks if header.known else MAX_CHUNKS
    if chunk.index >= last:
        return f"is chunk {chunk.index} of {last}"
    if header.known and chunk.frames != header.frames_in(chunk.index):
        return f"has {chunk.frames} frames instead of {header.frames_in(chunk.index)}"
    return chunk.fault(header)


def take_text(tag: Tag, texts: dict[str, str], note: Note) -> None:
    """Keep a title or a source; note any other tag as unknown and skipped."""
    if tag.name in tags.TEXTS:
        texts[tags.TEXTS[tag.name]] = tag.body.decode("utf-8", "replace")
    elif tag.name != tags.SEEK:
        note(
            f"tag {tag.name!r} of {len(tag.body)} bytes is unknown to this program and was skipped"
        )


def chunk_name(index: int, header: SpkHeader) -> str:
    """Return the name of a chunk in messages."""
    return f"chunk {index} of {header.chunks}" if header.known else f"chunk {index}"
