"""Damage `.spk` files in many ways and read them: `python -m benchmarks fuzz`.

Half of the damaged files get valid checksums again, so that the code behind the checks is reached.
A reader may refuse a file with a `FormatError`; any other exception, more than 64 MB of memory or
more than 20 s of CPU time is a bug.
"""

import io
import signal
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import FrameType

import numpy as np

from runtime.errors import FormatError
from runtime.events import EventMatrix
from runtime.kinds import CODERS
from runtime.spk import chunks, tags
from runtime.spk.blocks import sealed
from runtime.spk.container import read_spk
from runtime.spk.header import HEADER_BYTES, UNKNOWN, SpkHeader
from runtime.spk.reader import SpkReader
from runtime.spk.salvage import Salvage, filled
from runtime.spk.verify import verify
from runtime.spk.writer import SpkWriter

MOST_BYTES = 64 * 2**20
MOST_SECONDS = 20
TRACED = 4  # the memory of every fourth file is watched, since that takes most of the time
Change = Callable[[bytearray, np.random.Generator], None]


@dataclass(frozen=True)
class Found:
    """`files` tried, how many of them were `refused`, and the most memory that one took, bytes."""

    files: int
    refused: int
    peak: int


def fuzz(files: int, seed: int = 0, tell: Callable[[float], None] = lambda share: None) -> Found:
    """Read `files` damaged files; what a reader may not do is raised, with the file's number.

    Raises `AssertionError` when one takes too much memory, `TimeoutError` when one takes too long.
    """
    originals = seeds()
    refused = peak = 0
    with tempfile.TemporaryDirectory(prefix="spiking-music-fuzz-") as folder:
        path = Path(folder, "damaged.spk")
        for number in range(files):
            random = np.random.default_rng((seed, number))
            data = damaged(originals[number % len(originals)], random)
            if number % 10 == 0:
                path.write_bytes(data)
            where = path if number % 10 == 0 else None
            try:
                work = partial(read_all, data, where, random)
                taken, results = _limited(work, number % TRACED == 0)
            except Exception as error:
                error.add_note(f"file {number} of seed {seed}")
                raise
            assert taken < MOST_BYTES, f"file {number} of seed {seed} took {taken} bytes"
            refused += results["refused"] > 0
            peak = max(peak, taken)
            tell((number + 1) / files)
    return Found(files, refused, peak)


def read_all(data: bytes, path: Path | None, random: np.random.Generator) -> Counter[str]:
    """Read a file in every way there is and count the ways that refuse it.

    `path` is where it lies, for the functions of whole files, which need no trying every time.
    """
    ways: list[Callable[[], object]] = [
        lambda: list(SpkReader(io.BytesIO(data))),
        lambda: list(filled(Salvage(io.BytesIO(data)))),
        lambda: sum(chunk.size for chunk in SpkReader(io.BytesIO(data)).stored()),
        lambda: _from(data, int(random.integers(20))),
    ]
    if path is not None:
        ways += [partial(way, path) for way in (read_spk, verify)]
    results: Counter[str] = Counter()
    for way in ways:
        try:
            way()
            results["read"] += 1
        except FormatError as error:
            _one_line(error)
            results["refused"] += 1
    return results


def damaged(original: bytes, random: np.random.Generator) -> bytes:
    """Return a file with 1 to 4 changes, half of the time with checksums that fit."""
    data = bytearray(original)
    for _ in range(random.integers(1, 5)):
        _CHANGES[random.integers(len(_CHANGES))](data, random)
    return repaired(bytes(data)) if random.integers(2) else bytes(data)


def repaired(data: bytes) -> bytes:
    """Return a file whose parts have checksums that fit, as far as parts can be found."""
    at = HEADER_BYTES
    parts = [sealed(data[: at - 4])] if len(data) >= at else [data]
    while at < len(data):
        if data[at : at + 2] == chunks.SYNC:
            length = 16 + int.from_bytes(data[at + 13 : at + 16], "little")
        elif data[at : at + 2] == tags.SYNC:
            length = 9 + int.from_bytes(data[at + 6 : at + 9], "little")
        else:
            length = 0
        if not length or at + length + 4 > len(data):
            parts.append(data[at:])
            break
        parts.append(sealed(data[at : at + length]))
        at += length + 4
    return b"".join(parts)


def seeds() -> list[bytes]:
    """Return small files of every kind: each coder, known and unknown length, tags, a table."""
    random = np.random.default_rng(1)
    header = SpkHeader(8000, 4 * 37 - 1, 5, 4, 8, "FREE", "0123456789abcdef")
    plain = [replace(header, coder=coder) for coder in CODERS]
    stream = replace(header, samples=UNKNOWN, kind="MU_SPARSE")
    longer = replace(header, samples=4 * 2 * 40, units=2, chunk_frames=2)
    files = [_file(one, 0.15, random) for one in (*plain, stream, longer)]
    files += [_file(replace(one, ended=False), 0.5, random) for one in (header, stream)]
    return [*files, _file(replace(header, samples=0), 0, random)]


def _file(header: SpkHeader, density: float, random: np.random.Generator) -> bytes:
    file = io.BytesIO()
    writer = SpkWriter(file, header, {"title": "Étude", "source": "nowhere"})
    frames = header.frames if header.known else 37
    for start in range(0, frames, header.chunk_frames):
        width = min(header.chunk_frames, frames - start)
        bits = random.random((header.units, width)) < density
        writer.write(EventMatrix.from_bits(bits), None if header.known else 7)
    writer.close()
    return file.getvalue()


def _one_line(error: FormatError) -> None:
    assert "\n" not in str(error), f"{error!r} is not one line"


def _from(data: bytes, index: int) -> None:
    reader = SpkReader(io.BytesIO(data))
    reader.seek(index)
    for _ in reader:
        pass


def _limited(work: Callable[[], Counter[str]], traced: bool) -> tuple[int, Counter[str]]:
    """Return the most memory that the work took, if traced, and its result.

    Raises `TimeoutError` after `MOST_SECONDS`.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"more than {MOST_SECONDS} s")

    # Of the CPU, since others may be busy on the machine.
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    if traced:
        tracemalloc.start()
    try:
        results = work()
        return tracemalloc.get_traced_memory()[1], results
    finally:
        tracemalloc.stop()
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _place(data: bytearray, random: np.random.Generator) -> int:
    return int(random.integers(len(data))) if data else 0


def _flip(data: bytearray, random: np.random.Generator) -> None:
    if data:
        data[_place(data, random)] ^= 1 << int(random.integers(8))


def _number(data: bytearray, random: np.random.Generator) -> None:
    """Write a whole number of 1 to 8 bytes that is likely to be awkward."""
    size = int(random.integers(1, 9))
    value = int(random.choice([0, 1, 255, 2**16 - 1, 2**20, 2**31, 2**62])) % 256**size
    place = _place(data, random)
    data[place : place + size] = value.to_bytes(size, "little")


def _head(data: bytearray, random: np.random.Generator) -> None:
    """Change a byte of the header, which the rest depends on."""
    if len(data) >= HEADER_BYTES:
        data[int(random.integers(4, HEADER_BYTES))] = int(random.integers(256))


def _noise(data: bytearray, random: np.random.Generator) -> None:
    place = _place(data, random)
    data[place : place + int(random.integers(20))] = random.bytes(int(random.integers(20)))


def _cut(data: bytearray, random: np.random.Generator) -> None:
    del data[_place(data, random) :]


def _remove(data: bytearray, random: np.random.Generator) -> None:
    place = _place(data, random)
    del data[place : place + int(random.integers(1, 60))]


def _move(data: bytearray, random: np.random.Generator) -> None:
    """Copy or move the bytes from one mark to another, which are whole parts, elsewhere."""
    marks = [at for at in range(len(data)) if data[at : at + 2] in (chunks.SYNC, tags.SYNC)]
    if len(marks) > 2:
        first, stop, to = sorted(random.choice(len(marks), 3))
        part = data[marks[first] : marks[stop]]
        data[marks[to] : marks[to]] = part
        if random.integers(2):
            del data[marks[first] : marks[stop]]


_CHANGES: tuple[Change, ...] = (_flip, _number, _head, _noise, _cut, _remove, _move)
