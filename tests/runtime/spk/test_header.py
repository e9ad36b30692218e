import io
import zlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import FormatError
from runtime.kinds import CODERS, DECODERS, KINDS, SAMPLERS
from runtime.spk.header import (
    HEADER_BYTES,
    UNKNOWN,
    SpkHeader,
)
from runtime.spk.parts import pack_header, read_header

HEADER = SpkHeader(22050, 100_000, 80, 512, 256, "SPARSE", "0123456789abcdef")

headers = st.builds(
    SpkHeader,
    sample_rate=st.integers(1, 1_000_000),
    samples=st.integers(UNKNOWN, 2**40),
    units=st.integers(1, 500),
    hop=st.integers(1, 65_535),
    chunk_frames=st.integers(300, 500),
    kind=st.sampled_from(KINDS[:3]),
    model=st.binary(min_size=8, max_size=8).map(bytes.hex),
    coder=st.sampled_from(CODERS),
    mu=st.integers(0, 255),
    decoder=st.sampled_from(("", *DECODERS)),
    sampler=st.sampled_from(("", *SAMPLERS)),
    steps=st.integers(0, 65_535),
    seed=st.integers(0, 2**64 - 1),
    ended=st.booleans(),
)


@given(headers)
def test_every_field_comes_back(header: SpkHeader) -> None:
    data = pack_header(header)
    assert len(data) == HEADER_BYTES == 51
    assert read_header(io.BytesIO(data).read) == header


@given(headers, st.integers(0, 50), st.integers(1, 255))
def test_every_damaged_byte_is_found(header: SpkHeader, place: int, change: int) -> None:
    data = bytearray(pack_header(header))
    data[place] ^= change
    with pytest.raises(FormatError, match=r"header|not a \.spk"):
        read_header(io.BytesIO(data).read)


@pytest.mark.parametrize("length", range(HEADER_BYTES))
def test_every_cut_is_found(length: int) -> None:
    with pytest.raises(FormatError):
        read_header(io.BytesIO(pack_header(HEADER)[:length]).read)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 0),
        ("samples", -2),
        ("samples", 2**60),
        ("samples", 2**48),
        ("units", 0),
        ("units", 65_536),
        ("hop", 0),
        ("chunk_frames", 0),
        ("chunk_frames", 65_535),
        ("kind", "free"),
        ("coder", "zip"),
        ("model", "0123"),
        ("model", "0123456789ABCDEF"),
        ("mu", -1),
        ("mu", 256),
        ("decoder", "loud"),
        ("sampler", "lucky"),
        ("steps", 65_536),
        ("seed", -1),
    ],
)
def test_impossible_headers_are_refused(field: str, value: object) -> None:
    with pytest.raises(FormatError, match="header"):
        replace(HEADER, **{"chunk_frames": 1, "hop": 1, field: value})


@pytest.mark.parametrize("place", [5, 24, 26])
def test_unknown_flags_kinds_and_coders_are_refused(place: int) -> None:
    with pytest.raises(FormatError, match="is unknown"):
        read_header(io.BytesIO(changed(place, 77)).read)


@pytest.mark.parametrize("place", [27, 28])
def test_an_unknown_hint_is_none(place: int) -> None:
    assert read_header(io.BytesIO(changed(place, 77)).read) == HEADER


def test_another_version_is_refused_however_long_its_header() -> None:
    with pytest.raises(FormatError, match="version 3 is unknown"):
        read_header(io.BytesIO(b"\x89SPK\x03").read)


def test_the_length_of_a_stream_is_unknown() -> None:
    stream = replace(HEADER, samples=UNKNOWN)
    assert not stream.known
    for name in ("frames", "chunks"):
        with pytest.raises(FormatError, match="unknown"):
            getattr(stream, name)


def test_frames_and_chunks() -> None:
    header = replace(HEADER, samples=512 * 256 + 1)
    assert (header.frames, header.chunks) == (257, 2)
    assert [header.frames_in(index) for index in range(2)] == [256, 1]


def changed(place: int, value: int) -> bytes:
    """The header with one byte changed and a checksum that fits."""
    data = bytearray(pack_header(HEADER)[:-4])
    data[place] = value
    return bytes(data) + zlib.crc32(data).to_bytes(4, "little")
