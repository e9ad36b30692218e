"""The header of a `.spk` file: what a reader must know before the first event."""

import struct
from dataclasses import dataclass

from runtime.errors import FormatError
from runtime.kinds import CODERS, DECODERS, KINDS, SAMPLERS
from runtime.piece import NO_MU
from runtime.playback import Playback
from runtime.spk.blocks import CRC, Read, opened, sealed

MAGIC = b"\x89SPK"
VERSION = 1
UNKNOWN = -1  # samples of a recording that is not over
# Chosen by measurement: see the table of `python -m benchmarks coding`.
DEFAULT_CODER = "adaptive"
ENDED = 1  # the only flag
_DECODER_HINTS = ("", *DECODERS)
_SAMPLER_HINTS = ("", *SAMPLERS)

# magic, version; then flags, sample_rate, samples, units, hop, chunk_frames, kind, mu, coder,
# decoder, sampler, steps, seed, model; then CRC-32
_START = struct.Struct("<4sB")
_REST = struct.Struct("<BIqHHHBBBBBHQ8s")
HEADER_BYTES = _START.size + _REST.size + CRC.size

# A header is believed only within these, so that no chunk can ask for much memory.
MAX_CHUNK_CELLS = 2**18
MAX_CHUNKS = 2**32
_RANGES = {
    "sample_rate": (1, 1_000_000),
    "samples": (UNKNOWN, 2**48),
    "units": (1, 65_535),
    "hop": (1, 65_535),
    "chunk_frames": (1, 65_535),
    "mu": (0, NO_MU),
    "steps": (0, 65_535),
    "seed": (0, 2**64 - 1),
}


@dataclass(frozen=True)
class SpkHeader:
    """The fields of the header.

    `sample_rate` in Hz, `samples` in the decoded signal or `UNKNOWN`, `units`, `hop` in samples a
    frame, `chunk_frames`, `kind` one of `KINDS`, `model` the 16 hex digits that name the bundle,
    `coder` one of `CODERS`, `mu` of all chunks, 0..254, or `NO_MU`. Hints to the decoder, which
    may ignore them: `decoder`, `sampler`, `steps` (0 says nothing), `seed`. Where `ended`, an end
    follows the chunks, without which the file is incomplete.
    Raises `FormatError` for a value that the format does not allow.
    """

    sample_rate: int
    samples: int
    units: int
    hop: int
    chunk_frames: int
    kind: str
    model: str
    coder: str = DEFAULT_CODER
    mu: int = NO_MU
    decoder: str = ""
    sampler: str = ""
    steps: int = 0
    seed: int = 0
    ended: bool = True

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise FormatError(f"header: {name} {getattr(self, name)} is not in {least}..{most}")
        for name, known in (
            ("kind", KINDS),
            ("coder", CODERS),
            ("decoder", _DECODER_HINTS),
            ("sampler", _SAMPLER_HINTS),
        ):
            if getattr(self, name) not in known:
                raise FormatError(f"header: {name} {getattr(self, name)!r} is not one of {known}")
        if len(self.model) != 16 or not set(self.model) <= set("0123456789abcdef"):
            raise FormatError(f"header: model {self.model!r} is not 16 lower-case hex digits")
        cells = self.units * self.chunk_frames
        if cells > MAX_CHUNK_CELLS:
            raise FormatError(
                f"header: chunks of {cells} cells; at most {MAX_CHUNK_CELLS} are allowed"
            )
        if self.known and self.chunks > MAX_CHUNKS:
            raise FormatError(f"header: {self.chunks} chunks; at most {MAX_CHUNKS} are allowed")

    @property
    def known(self) -> bool:
        """Whether the number of samples is known."""
        return self.samples != UNKNOWN

    @property
    def playback(self) -> Playback:
        """How it is best heard, as far as the file says so."""
        return Playback(
            self.decoder or None, self.sampler or None, self.steps or None, self.seed or None
        )

    @property
    def frames(self) -> int:
        """Frames in the file, `ceil(samples / hop)`; raises `FormatError` where unknown."""
        if not self.known:
            raise FormatError("header: the length is unknown; read the stream to its end")
        return -(-self.samples // self.hop)

    @property
    def chunks(self) -> int:
        """Chunks in the file, `ceil(frames / chunk_frames)`; raises as `frames` does."""
        return -(-self.frames // self.chunk_frames)

    def frames_in(self, index: int) -> int:
        """Return the frames of one chunk: `chunk_frames`, fewer in the last one."""
        return min(self.chunk_frames, self.frames - index * self.chunk_frames)


def pack_header(header: SpkHeader) -> bytes:
    """Return the `HEADER_BYTES` of a header."""
    rest = _REST.pack(
        ENDED * header.ended,
        header.sample_rate,
        header.samples,
        header.units,
        header.hop,
        header.chunk_frames,
        KINDS.index(header.kind),
        header.mu,
        CODERS.index(header.coder),
        _DECODER_HINTS.index(header.decoder),
        _SAMPLER_HINTS.index(header.sampler),
        header.steps,
        header.seed,
        bytes.fromhex(header.model),
    )
    return sealed(_START.pack(MAGIC, VERSION) + rest)


def read_header(read: Read) -> SpkHeader:
    """Read a header; raises `FormatError` when it is none, damaged, or of another version."""
    start = read(_START.size)
    if start[:4] != MAGIC[: len(start)] or not start:
        raise FormatError("is not a .spk file")
    if len(start) > 4 and start[4] != VERSION:
        raise FormatError(f"header: version {start[4]} is unknown; this program reads {VERSION}")
    try:
        body = opened(start, _REST.size, read)
    except FormatError as error:
        raise FormatError(f"header: {error}") from None
    return _parsed(body)


def _parsed(body: bytes) -> SpkHeader:
    flags, rate, samples, units, hop, chunk_frames, kind, mu, coder, *hints = _REST.unpack(body)
    decoder, sampler, steps, seed, model = hints
    if flags & ~ENDED or kind >= len(KINDS) or coder >= len(CODERS):
        raise FormatError(f"header: flags {flags}, kind {kind} or coder {coder} is unknown")
    return SpkHeader(
        sample_rate=rate,
        samples=samples,
        units=units,
        hop=hop,
        chunk_frames=chunk_frames,
        kind=KINDS[kind],
        model=model.hex(),
        coder=CODERS[coder],
        mu=mu,
        # A hint that is not understood is no hint.
        decoder=_DECODER_HINTS[decoder] if decoder < len(_DECODER_HINTS) else "",
        sampler=_SAMPLER_HINTS[sampler] if sampler < len(_SAMPLER_HINTS) else "",
        steps=steps,
        seed=seed,
        ended=bool(flags & ENDED),
    )
