"""Other people's ways to store a sparse matrix, to compare with: zstd, Elias-Fano, roaring."""

import importlib
from collections.abc import Callable
from types import ModuleType

import numpy as np

from runtime.coders.numbers import from_flags, to_flags
from runtime.errors import MissingPackageError
from runtime.events import Bits

Encode = Callable[[Bits], bytes]
Decode = Callable[[bytes, int, int, int], Bits]


def zstd() -> tuple[Encode, Decode]:
    """Return zstd, level 19, of the cells as bits, frame by frame."""
    package = _package("zstandard")
    packer, unpacker = package.ZstdCompressor(level=19), package.ZstdDecompressor()

    def decode(data: bytes, units: int, frames: int, events: int) -> Bits:
        cells = np.unpackbits(np.frombuffer(unpacker.decompress(data), np.uint8))
        return _by_unit(cells[: units * frames].view(np.bool_), units, frames)

    return lambda bits: packer.compress(np.packbits(bits.T).tobytes()), decode


def elias_fano() -> tuple[Encode, Decode]:
    """Return Elias-Fano: low bits of the places as they are, high bits in unary."""

    def encode(bits: Bits) -> bytes:
        place = np.flatnonzero(bits.T)
        width = _width(bits.size, len(place))
        unary = np.zeros((bits.size >> width) + len(place) + 1, np.uint8)
        unary[(place >> width) + np.arange(len(place))] = 1
        low = to_flags(place & ((1 << width) - 1), width)
        return np.packbits(np.concatenate([low.ravel(), unary])).tobytes()

    def decode(data: bytes, units: int, frames: int, events: int) -> Bits:
        width = _width(units * frames, events)
        flags = np.unpackbits(np.frombuffer(data, np.uint8))
        low = from_flags(flags[: events * width].reshape(events, width))
        high = np.flatnonzero(flags[events * width :])[:events] - np.arange(events)
        return _placed((high << width) + low, units, frames)

    return encode, decode


def roaring() -> tuple[Encode, Decode]:
    """Return a roaring bitmap of the places, with runs where they are shorter."""
    bitmap = _package("pyroaring").BitMap

    def encode(bits: Bits) -> bytes:
        places = bitmap(np.flatnonzero(bits.T).astype(np.uint32))
        places.run_optimize()
        return bytes(places.serialize())

    def decode(data: bytes, units: int, frames: int, events: int) -> Bits:
        return _placed(np.array(bitmap.deserialize(data).to_array()), units, frames)

    return encode, decode


RIVALS = {"zstd 19": zstd, "Elias-Fano": elias_fano, "roaring": roaring}


def _width(cells: int, events: int) -> int:
    return max((cells // max(events, 1)).bit_length() - 1, 0)


def _placed(place: np.ndarray, units: int, frames: int) -> Bits:
    cells = np.zeros(units * frames, np.bool_)
    cells[place.astype(np.int64)] = True
    return _by_unit(cells, units, frames)


def _by_unit(cells: Bits, units: int, frames: int) -> Bits:
    return np.ascontiguousarray(cells.reshape(frames, units).T)


def _package(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingPackageError(f"{name} is not installed") from error
