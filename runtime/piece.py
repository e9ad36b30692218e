"""A recording as events, with everything needed to decode it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from runtime.coders.lapped.tables import Tables
from runtime.errors import EventsError
from runtime.events import EventMatrix
from runtime.kinds import frame_count
from runtime.playback import UNSAID, Playback

NO_MU = 255  # the mu of a chunk if the model has none

Corrections = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Chunk:
    """Consecutive frames: their `events (units, T)`, the `mu` they were encoded with, its `index`.

    The index counts the chunks of a recording from 0. Of a LAPPED model the step, 0..2047, stands
    in the place of the mu, and there may be `corrections (rows, bands)` of its noise.
    """

    events: EventMatrix
    mu: int = NO_MU
    index: int = 0
    corrections: Corrections | None = None


@dataclass(frozen=True)
class LappedCode:
    """What the file of a LAPPED model's piece needs: the `tables` of the coder, which are None
    where nobody here has them, how many `bins` there are, and `bands` of corrections."""

    tables: Tables | None
    bins: int
    bands: int = 0


@dataclass(frozen=True)
class Piece:
    """What `Codec.encode` returns, a `.spk` file stores and `Codec.decode` decodes.

    `events (units, T)` with `T = ceil(samples / hop)`, one more for LAPPED; `samples` of sound at
    `sample_rate` Hz; `hop` samples per frame; `chunk_frames`, how many frames are encoded and
    stored together; `kind` and `model` (16 hex digits, of which a LAPPED file keeps 6) of the
    bundle that made it; `mus`, the mu or step of each chunk, empty if the model has neither;
    `playback`, how it is best decoded; `texts`, a title and a source; for a LAPPED model, the
    `code`, and the `corrections` of each chunk if there are any.
    Raises `EventsError` when these do not fit together.
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
    code: LappedCode | None = None
    corrections: tuple[Corrections, ...] = ()

    def __post_init__(self) -> None:
        frames = frame_count(self.kind, self.samples, self.hop)
        if self.events.frames != frames:
            raise EventsError(
                f"{self.samples} samples are {frames} frames of {self.hop}, "
                f"but the events have {self.events.frames}"
            )
        for name in ("mus", "corrections"):
            given = len(getattr(self, name))
            if given not in (0, self.count):
                raise EventsError(f"{given} {name} are given for {self.count} chunks")

    @property
    def units(self) -> int:
        """Number of units."""
        return self.events.units

    @property
    def seconds(self) -> float:
        """Duration in s."""
        return self.samples / self.sample_rate

    @property
    def count(self) -> int:
        """Number of chunks."""
        return -(-self.samples // (self.hop * self.chunk_frames))

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks in order; the last has what is left, a LAPPED one its closing frame."""
        for index in range(self.count):
            start = index * self.chunk_frames
            stop = start + self.chunk_frames if index < self.count - 1 else self.events.frames
            mu = self.mus[index] if self.mus else NO_MU
            corrections = self.corrections[index] if self.corrections else None
            yield Chunk(self.events.part(start, stop), mu, index, corrections)
