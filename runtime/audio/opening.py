"""Open a source so that libsndfile reads all of it: as a file, or through a pipe.

From a file, libsndfile reads nothing of a WAV whose size was never filled in, and reads an MPEG
stream only up to the length it has guessed (see `mpeg`); from a pipe it reads everything.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import soundfile

from runtime.audio.feeding import fed
from runtime.audio.foreign import HEAD, kind_of, way_around
from runtime.audio.mpeg import first_frame, tells_length
from runtime.audio.wav import is_chunk, read_head
from runtime.errors import AudioError
from runtime.outputs import is_stream
from runtime.scratch import scratch

STANDARD_INPUT = "standard input"
_STREAMS = (b"RIFF", b"FORM", b"OggS")  # first bytes of formats that libsndfile reads from a pipe
_WAVS = ("WAV", "WAVEX")


@contextmanager
def opened_sound(source: Path | int) -> Iterator[tuple[str, soundfile.SoundFile, int]]:
    """Open a path, or a pipe by its descriptor; yield a name for messages, the sound and its file.

    "Its file" is the descriptor that the sound is read from. Raises `AudioError` when the file
    does not exist, is a folder, is not audio, or is empty.
    """
    path = None if isinstance(source, int) else Path(source)
    name = STANDARD_INPUT if path is None else str(path)
    with ExitStack() as stack:
        file = source if isinstance(source, int) else _opened_path(Path(source), stack)
        begin, flows = b"", not _seekable(file)
        if flows:
            os.set_blocking(file, True)
            begin = _take(file, HEAD)
            flows = begin.startswith(_STREAMS)
            if not flows:
                file = _copied(begin, file, stack)
        begin = begin or os.pread(file, HEAD, 0)
        if not begin:
            raise AudioError(f"{name}: is empty")
        try:
            file = _flowing(begin, file, name, stack) if flows else _standing(file, name, stack)
            sound = _sound(file)
        except soundfile.LibsndfileError as error:
            if kind := kind_of(begin):
                raise AudioError(
                    f"{name}: is {kind}, which is not read here; type  {way_around(path)}"
                ) from error
            reason = str(error.error_string).strip().rstrip(".")
            raise AudioError(
                f"{name}: is not an audio file ({reason}); give a WAV or FLAC"
            ) from error
        with sound:
            yield name, sound, file


def _flowing(begin: bytes, pipe: int, name: str, stack: ExitStack) -> int:
    """Return the descriptor to read a pipe from, after `begin` has already been read from it."""
    if begin.startswith(b"RIFF"):
        begin = read_head(lambda size: _take(pipe, size), begin)
    return stack.enter_context(fed(begin, pipe, name))


def _standing(file: int, name: str, stack: ExitStack) -> int:
    """Return the descriptor to read a file from: itself, or a pipe if only that gives all of it."""
    os.lseek(file, 0, os.SEEK_SET)
    remedy = None
    try:
        with _sound(file) as sound:
            if sound.subtype.startswith("MPEG"):
                remedy = _as_frames(file, guessed=True)
            elif sound.format in _WAVS and not sound.frames:
                remedy = _as_endless(file)
    except soundfile.LibsndfileError:
        remedy = _as_frames(file, guessed=False)
    begin, place = remedy or (b"", 0)
    os.lseek(file, place, os.SEEK_SET)
    return stack.enter_context(fed(begin, file, name)) if remedy else file


def _as_frames(file: int, guessed: bool) -> tuple[bytes, int] | None:
    """Return how to read an MPEG stream; None if it is not one, or its length is not `guessed`."""
    if kind_of(os.pread(file, HEAD, 0)) not in (None, kind_of(b"RIFF")):
        return None
    with open(os.dup(file), "rb") as view:
        frame = first_frame(view)
    return (b"", frame.place) if frame and not (guessed and tells_length(frame.data)) else None


def _as_endless(file: int) -> tuple[bytes, int] | None:
    """Return how to read a WAV whose size is 0: a corrected header, and what follows it, if any."""
    with open(os.dup(file), "rb") as view:
        view.seek(0)
        head = read_head(view.read)
        place, size = view.tell(), os.fstat(file).st_size
        follows = view.read(8)
    return (head, place) if follows and not is_chunk(follows, size - place) else None


def _sound(file: int) -> soundfile.SoundFile:
    return soundfile.SoundFile(file, closefd=False)


def _opened_path(path: Path, stack: ExitStack) -> int:
    if not path.exists():
        raise AudioError(f"{path}: no such file")
    if not path.is_file() and not is_stream(path):
        raise AudioError(f"{path}: is not a file; give one recording")
    file = os.open(path, os.O_RDONLY)
    stack.callback(os.close, file)
    return file


def _copied(begin: bytes, pipe: int, stack: ExitStack) -> int:
    """Return a file that holds `begin` and the rest of a pipe."""
    path = stack.enter_context(scratch()) / "sound"
    file = stack.enter_context(path.open("w+b", buffering=0))
    file.write(begin)
    with open(os.dup(pipe), "rb", buffering=0) as rest:
        shutil.copyfileobj(rest, file)
    return file.fileno()


def _take(file: int, size: int) -> bytes:
    """Read `size` bytes from a pipe; fewer only at its end."""
    data = b""
    while len(data) < size and (more := os.read(file, size - len(data))):
        data += more
    return data


def _seekable(descriptor: int) -> bool:
    try:
        os.lseek(descriptor, 0, os.SEEK_CUR)
    except OSError:
        return False
    return True
