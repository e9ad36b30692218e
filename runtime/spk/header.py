"""The header of a `.spk` file: what a reader must know before the first event."""

import struct
from dataclasses import dataclass, field

from runtime.errors import FormatError
from runtime.kinds import CODERS, DECODERS, KINDS, LAPPED, LAPPED_DECODERS, SAMPLERS, frame_count
from runtime.piece import NO_MU
from runtime.playback import Playback
from runtime.spk.blocks import CRC, Read, opened, sealed

MAGIC = b"\x89SPK"
VERSION = 1
UNKNOWN = -1  # samples of a recording that is still going on
# Chosen by measurement: see the table of `python -m benchmarks coding`.
DEFAULT_CODER = "adaptive"
LAPPED_CODER = "lapped"
NOMINAL_LEVELS = 64  # of a lapped model's bin and sign, where N is asked for; there may be more
ENDED = 1  # the only flag
DECODER_HINTS = ("", *DECODERS, *LAPPED_DECODERS)
_SAMPLER_HINTS = ("", *SAMPLERS)

# magic, version; then flags, sample_rate, samples, units, hop, chunk_frames, kind, mu, coder,
# decoder, sampler, steps, seed, model; then CRC-32
_START = struct.Struct("<4sB")
_REST = struct.Struct("<BIqHHHBBBBBHQ8s")
HEADER_BYTES = _START.size + _REST.size + CRC.size

# A header is believed only within these, so that no chunk can ask for much memory.
MAX_CHUNK_CELLS = 2**18
MOST_BINS = 2048
MOST_BANDS = 32
MAX_CHUNKS = 2**32
_RANGES = {
    "sample_rate": (1, 1_000_000),
    "samples": (UNKNOWN, 2**48),
    "units": (1, 2**32 - 1),
    "hop": (1, 65_535),
    "chunk_frames": (1, 65_535),
    "mu": (0, NO_MU),
    "steps": (0, 65_535),
    "seed": (0, 2**64 - 1),
    "bands": (0, MOST_BANDS),
}
_MOST_LAPPED_SEED = 2**56 - 1  # a number of version 2 has at most 8 bytes, of 7 bits each


@dataclass(frozen=True)
class SpkHeader:
    """The fields of the header.

    `sample_rate` in Hz, `samples` in the decoded signal or `UNKNOWN`, `units`, `hop` in samples a
    frame, `chunk_frames`, `kind` one of `KINDS`, `model` the 16 hex digits that name the bundle,
    `coder` one of `CODERS`, `mu` of all chunks, 0..254, or `NO_MU`. Hints to the decoder, which
    may ignore them: `decoder`, `sampler`, `steps` (0 for no hint), `seed`. If `ended`, an end
    follows the chunks, and a file without it is incomplete. Only for LAPPED models, whose files
    are of version 2: `tables`, the 6 hex digits that name the coder's tables, and `bands` of
    corrections in each chunk, 0 for none. Such a file stores only the first 6 digits of `model`,
    and no sampler. `size` in bytes of a header that was read, else 0: one of version 2 may hold
    hints that mean nothing here.
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
    tables: str = ""
    bands: int = 0
    size: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            if not least <= getattr(self, name) <= most:
                raise FormatError(f"header: {name} {getattr(self, name)} is not in {least}..{most}")
        if self.lapped and self.seed > _MOST_LAPPED_SEED:
            raise FormatError(f"header: seed {self.seed} is not in 0..{_MOST_LAPPED_SEED}")
        for name, known in (
            ("kind", KINDS),
            ("coder", (LAPPED_CODER,) if self.lapped else CODERS),
            ("decoder", DECODER_HINTS),
            ("sampler", _SAMPLER_HINTS),
        ):
            if getattr(self, name) not in known:
                raise FormatError(f"header: {name} {getattr(self, name)!r} is not one of {known}")
        names = (("model", 16),) if not self.lapped else (("model", 6), ("tables", 6))
        for name, digits in names:
            value = getattr(self, name)
            if len(value) not in (digits, 16) or not set(value) <= set("0123456789abcdef"):
                raise FormatError(f"header: {name} {value!r} is not {digits} lower-case hex digits")
        cells = self.cells * self.chunk_frames
        if cells > MAX_CHUNK_CELLS:
            raise FormatError(
                f"header: chunks of {cells} cells; at most {MAX_CHUNK_CELLS} are allowed"
            )
        if self.lapped and (not 8 <= self.bins <= MOST_BINS or self.bins % 8):
            raise FormatError(
                f"header: {self.bins} bins; a multiple of 8 to {MOST_BINS} is allowed"
            )
        if not self.lapped and self.units > 65_535:
            raise FormatError(f"header: {self.units} units; at most 65535 are allowed")
        if self.known and self.chunks > MAX_CHUNKS:
            raise FormatError(f"header: {self.chunks} chunks; at most {MAX_CHUNKS} are allowed")

    @property
    def lapped(self) -> bool:
        """Whether the model is LAPPED, and the file therefore of version 2."""
        return self.kind == LAPPED

    @property
    def bins(self) -> int:
        """Bins of a LAPPED model; each has units of both signs at every level."""
        return self.units // (2 * NOMINAL_LEVELS)

    @property
    def cells(self) -> int:
        """Cells that a frame takes in memory: the bins of a LAPPED model, else the units."""
        return self.bins if self.lapped else self.units

    @property
    def longest(self) -> int:
        """The most frames of the last chunk: in a LAPPED model it also has the closing frame."""
        return self.chunk_frames + self.lapped

    @property
    def known(self) -> bool:
        """Whether the number of samples is known."""
        return self.samples != UNKNOWN

    @property
    def playback(self) -> Playback:
        """The playback that the file recommends, as far as it recommends one."""
        return Playback(
            self.decoder or None, self.sampler or None, self.steps or None, self.seed or None
        )

    @property
    def frames(self) -> int:
        """Frames in the file, see `frame_count`; raises `FormatError` when unknown."""
        return frame_count(self.kind, self._samples, self.hop)

    @property
    def chunks(self) -> int:
        """Chunks in the file, each of `chunk_frames` hops; raises as `frames` does."""
        return -(-self._samples // (self.hop * self.chunk_frames))

    def frames_in(self, index: int) -> int:
        """Return the frames of one chunk: `chunk_frames`, or what is left in the last one."""
        last = index >= self.chunks - 1
        return self.frames - index * self.chunk_frames if last else self.chunk_frames

    @property
    def _samples(self) -> int:
        if not self.known:
            raise FormatError("header: the length is unknown; read the stream to its end")
        return self.samples


def pack_header(header: SpkHeader) -> bytes:
    """Return the `HEADER_BYTES` of a header of version 1."""
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
        DECODER_HINTS.index(header.decoder),
        _SAMPLER_HINTS.index(header.sampler),
        header.steps,
        header.seed,
        bytes.fromhex(header.model),
    )
    return sealed(_START.pack(MAGIC, VERSION) + rest)


def parse_header(start: bytes, read: Read) -> SpkHeader:
    """Read what follows magic and version 1, the bytes `start`; raises `FormatError`."""
    try:
        body = opened(start, _REST.size, read)
    except FormatError as error:
        raise FormatError(f"header: {error}") from None
    return _parsed(body)


def _parsed(body: bytes) -> SpkHeader:
    flags, rate, samples, units, hop, chunk_frames, kind, mu, coder, *hints = _REST.unpack(body)
    decoder, sampler, steps, seed, model = hints
    if flags & ~ENDED or kind >= KINDS.index(LAPPED) or coder >= len(CODERS):
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
        # A hint that this version does not know is ignored.
        decoder=DECODER_HINTS[decoder] if decoder <= len(DECODERS) else "",
        sampler=_SAMPLER_HINTS[sampler] if sampler < len(_SAMPLER_HINTS) else "",
        steps=steps,
        seed=seed,
        ended=bool(flags & ENDED),
    )
