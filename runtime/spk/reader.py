"""Read a `.spk` file chunk by chunk from any binary file object, a pipe as well."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from runtime.coders.payloads import FORMS
from runtime.errors import FormatError
from runtime.piece import NO_MU, Chunk
from runtime.spk import chunks, tags
from runtime.spk.blocks import Read, reads
from runtime.spk.chunks import StoredChunk, read_chunk
from runtime.spk.header import MAX_CHUNKS, SpkHeader, read_header
from runtime.spk.seek import place_of
from runtime.spk.tags import Digest, Tag, parse_end, read_tag

Note = Callable[[str], None]


class SpkReader:
    """A file that is being read; iterating gives its `Chunk`s, each checked before it is given.

    `header` is there at once, `texts` (title, source) with the first chunk. `samples` is the exact
    length, `UNKNOWN` until the end has been read. `note` hears of what was skipped.
    Raises `FormatError`, when made or while it is read, naming the part that is damaged.
    """

    def __init__(self, file: BinaryIO, note: Note = lambda message: None) -> None:
        self._file, self._read, self._note = file, reads(file), note
        self.header = read_header(self._read)
        self.samples = self.header.samples
        self.texts: dict[str, str] = {}
        self._due = self._frames = 0
        self._digest: Digest | None = Digest()

    def __iter__(self) -> Iterator[Chunk]:
        for stored in self._chunks():
            try:
                chunk = stored.decoded(self.header.units)
            except FormatError as error:
                raise FormatError(f"{chunk_name(stored.index, self.header)}: {error}") from None
            if self._digest is not None:
                self._digest.add(chunk.events.bits)
            yield chunk

    def stored(self) -> Iterator[StoredChunk]:
        """Yield the chunks without decoding them; the digest is then not compared."""
        self._digest = None
        return self._chunks()

    @property
    def seekable(self) -> bool:
        """Whether `seek` is possible."""
        return self._file.seekable()

    def seek(self, index: int) -> None:
        """Go to a chunk, of a file that is not a pipe; the digest is then not compared.

        Raises `FormatError` when there is no such chunk or the way to it is damaged.
        """
        self._file.seek(place_of(self._file, self.header, index))
        self._due, self._frames = index, index * self.header.chunk_frames
        self._digest = None

    def _chunks(self) -> Iterator[StoredChunk]:
        while (block := self._block()) is not None:
            if isinstance(block, StoredChunk):
                self._expect(block)
                yield block
            elif block.name == tags.END:
                self._end(block)
                return
            else:
                take_text(block, self.texts, self._note)
        self._check_length()
        if self.header.ended:
            raise FormatError(f"end: missing after chunk {self._due - 1}; the file is truncated")
        if not self.header.known:
            self.samples = self._frames * self.header.hop

    def _block(self) -> StoredChunk | Tag | None:
        try:
            return read_block(self._read, self.header)
        except FormatError as error:
            over = self.header.known and self._due == self.header.chunks
            part = "end" if over else chunk_name(self._due, self.header)
            raise FormatError(f"{part}: {error}") from None

    def _expect(self, chunk: StoredChunk) -> None:
        name = chunk_name(self._due, self.header)
        if chunk.index != self._due:
            raise FormatError(f"{name}: chunk {chunk.index} is in its place")
        if self._frames != self._due * self.header.chunk_frames:
            raise FormatError(f"{name}: follows a shorter chunk; only the last may be shorter")
        fault = misfit(chunk, self.header)
        if fault:
            raise FormatError(f"{name}: {fault}")
        self._due += 1
        self._frames += chunk.frames

    def _end(self, tag: Tag) -> None:
        end, header = parse_end(tag), self.header
        self._check_length()
        if (
            end.chunks != self._due
            or -(-end.samples // header.hop) != self._frames
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
    """Open a file to read; a `FormatError` that the block raises names it."""
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


def read_block(read: Read, header: SpkHeader) -> StoredChunk | Tag | None:
    """Read the next chunk or tag, None at the end of the file.

    Raises `FormatError` when there is neither.
    """
    sync = read(2)
    if sync == chunks.SYNC:
        return read_chunk(read, header)
    if sync == tags.SYNC:
        return read_tag(read)
    if sync:
        raise FormatError("neither a chunk nor a tag begins here")
    return None


def misfit(chunk: StoredChunk, header: SpkHeader) -> str:
    """Return why a chunk cannot be one of the file, whatever the others are; empty if it can."""
    last = header.chunks if header.known else MAX_CHUNKS
    if chunk.index >= last:
        return f"is chunk {chunk.index} of {last}"
    if chunk.form >= len(FORMS) or chunk.events > header.units * chunk.frames:
        return f"holds {chunk.events} events in form {chunk.form}"
    if header.known and chunk.frames != header.frames_in(chunk.index):
        return f"has {chunk.frames} frames instead of {header.frames_in(chunk.index)}"
    if header.mu not in (NO_MU, chunk.mu):
        return f"has mu {chunk.mu} instead of {header.mu}"
    return ""


def take_text(tag: Tag, texts: dict[str, str], note: Note) -> None:
    """Keep a title or a source; say which tag is skipped because nobody here knows it."""
    if tag.name in tags.TEXTS:
        texts[tags.TEXTS[tag.name]] = tag.body.decode("utf-8", "replace")
    elif tag.name != tags.SEEK:
        note(
            f"tag {tag.name!r} of {len(tag.body)} bytes is unknown to this program and was skipped"
        )


def chunk_name(index: int, header: SpkHeader) -> str:
    """Return what messages call a chunk."""
    return f"chunk {index} of {header.chunks}" if header.known else f"chunk {index}"
