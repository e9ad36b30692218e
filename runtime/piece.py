"""A recording as events, with everything that has to be known to hear it again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from runtime.errors import EventsError
from runtime.events import EventMatrix
from runtime.playback import UNSAID, Playback

NO_MU = 255  # the mu of a chunk where the model has none


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive frames: their `events (units, T)`, the `mu` they were encoded with, its `index`.

    The index counts the chunks of a recording from 0.
    """

    events: EventMatrix
    mu: int = NO_MU
    index: int = 0


@dataclass(frozen=True)
class Piece:
    """What `Codec.encode` makes, a `.spk` file stores and `Codec.decode` hears.

    `events (units, T)` with `T = ceil(samples / hop)`; `samples` of sound at `sample_rate` Hz;
    `hop` samples a frame; `chunk_frames`, the frames that were encoded and are stored together;
    `kind` and `model`, the 16 hex digits, of the bundle that made it; `mus`, the mu of each chunk,
    empty of a model without; `playback`, how it is best heard; `texts`, a title and a source.
    Raises `EventsError` where these do not fit together.
    """

    events: EventMatrix
    samples: int
    sample_rate: int
    hop: int
    chunk_frames: int
    kind: str
    model: str
    mus: tuple[int, ...] = ()
    playback: Playback = UNSAID
    texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frames = -(-self.samples // self.hop)
        if self.events.frames != frames:
            raise EventsError(
                f"{self.samples} samples are {frames} frames of {self.hop}, "
                f"but the events have {self.events.frames}"
            )
        if self.mus and len(self.mus) != self.count:
            raise EventsError(f"{len(self.mus)} mus are given for {self.count} chunks")

    @property
    def units(self) -> int:
        """Number of units."""
        return self.events.units

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return self.samples / self.sample_rate

    @property
    def count(self) -> int:
        """Number of chunks."""
        return -(-self.events.frames // self.chunk_frames)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks in order; only the last may be shorter than `chunk_frames`."""
        for index in range(self.count):
            start = index * self.chunk_frames
            part = self.events.part(start, start + self.chunk_frames)
            yield Chunk(part, self.mus[index] if self.mus else NO_MU, index)
