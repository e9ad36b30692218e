"""The binary event matrix, which is the code of every model."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from runtime.errors import EventsError

Bits = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]
Units = npt.NDArray[np.uint32]

MAX_CELLS = 2**31  # the most cells of a dense matrix, which takes a byte for each
MAX_UNITS = 2**32


@dataclass(frozen=True, eq=False)
class EventMatrix:
    """Which of `units` units fires in which frame, as a list of events.

    Silent cells take no memory. `unit (S,) uint32`: the unit of every event, frame by frame, in
    rising order within each frame. `starts (T + 1,) int64`: the events of frame `t` are
    `unit[starts[t] : starts[t + 1]]`. Both are read-only. Make one with `from_bits` or
    `from_coordinates`. Paper section 2: `z`.
    """

    units: int
    unit: Units
    starts: Index

    def __post_init__(self) -> None:
        for name in ("unit", "starts"):
            # A view, so that the caller's own array stays writable.
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    @classmethod
    def from_bits(cls, bits: Bits) -> Self:
        """Return the events of `bits (units, frames) bool`.

        Raises `EventsError` for another shape or dtype.
        """
        if bits.ndim != 2 or bits.dtype != np.bool_:
            raise EventsError(
                f"an event matrix is (units, frames) bool, not {bits.shape} {bits.dtype}"
            )
        units, frames = bits.shape
        frame, unit = np.divmod(np.flatnonzero(bits.T), max(units, 1))
        return cls._sorted(unit, frame, units, frames)

    @classmethod
    def from_coordinates(
        cls, unit: npt.ArrayLike, frame: npt.ArrayLike, units: int, frames: int
    ) -> Self:
        """Return the matrix `(units, frames)` of events at `unit (S,)`, `frame (S,)`, in any order.

        An event that is given twice counts once. Raises `EventsError` when a coordinate is out of
        range or not a whole number.
        """
        coordinates = np.asarray(unit), np.asarray(frame)
        for name, index, size in zip(("unit", "frame"), coordinates, (units, frames), strict=True):
            if index.size and index.dtype.kind not in "iu":
                raise EventsError(f"{name} {index.dtype}: give whole numbers")
            if index.size and not 0 <= index.min() <= index.max() < size:
                raise EventsError(f"{name} {index.min()} to {index.max()} is outside 0..{size - 1}")
        if not 0 <= units <= MAX_UNITS or frames < 0 or units * frames >= 2**63:
            raise EventsError(f"a matrix of {units} x {frames} is too large")
        wide = [index.astype(np.int64) for index in coordinates]
        cells = np.unique(wide[1] * units + wide[0])
        return cls._sorted(cells % max(units, 1), cells // max(units, 1), units, frames)

    @classmethod
    def silent(cls, units: int, frames: int) -> Self:
        """Return a matrix of this size without events."""
        return cls(units, np.zeros(0, np.uint32), np.zeros(frames + 1, np.int64))

    @classmethod
    def joined(cls, parts: Iterable[Self], units: int) -> Self:
        """Concatenate matrices of at most `units` units in time.

        Raises `EventsError` for one with more units.
        """
        parts = list(parts)
        for part in parts:
            if part.units > units:
                raise EventsError(f"events of {part.units} units do not continue those of {units}")
        unit = np.concatenate([np.zeros(0, np.uint32), *(part.unit for part in parts)])
        counts = np.concatenate([np.zeros(1, np.int64), *(np.diff(part.starts) for part in parts)])
        return cls(units, unit, np.cumsum(counts))

    @classmethod
    def _sorted(cls, unit: Index, frame: Index, units: int, frames: int) -> Self:
        starts = np.searchsorted(frame, np.arange(frames + 1))
        return cls(units, unit.astype(np.uint32), starts)

    @property
    def frames(self) -> int:
        """Number of frames `T`."""
        return len(self.starts) - 1

    @property
    def count(self) -> int:
        """Number of events `S`."""
        return len(self.unit)

    @property
    def cells(self) -> int:
        """Number of cells `N T`, with and without an event."""
        return self.units * self.frames

    @property
    def density(self) -> float:
        """Share of cells with an event, `S / (N T)`; 0 for an empty matrix."""
        return self.count / self.cells if self.cells else 0.0

    @property
    def frame(self) -> Index:
        """The frame `(S,)` of every event, in non-decreasing order."""
        return np.repeat(np.arange(self.frames), np.diff(self.starts))

    @property
    def bits(self) -> Bits:
        """The dense matrix `(units, frames) bool`, read-only, made anew on each call.

        Raises `EventsError` when it has more than `MAX_CELLS` cells.
        """
        if self.cells > MAX_CELLS:
            raise EventsError(
                f"{self.units} x {self.frames} events are {self.cells} cells, and {MAX_CELLS} are "
                "made dense at most; take a part of the frames, or the coordinates"
            )
        bits = np.zeros((self.units, self.frames), np.bool_)
        bits[self.unit, self.frame] = True
        bits.flags.writeable = False
        return bits

    def part(self, start: int, stop: int) -> Self:
        """Return frames `start` to `stop`, like a slice: fewer if the matrix ends before."""
        start, stop, _ = slice(start, stop).indices(self.frames)
        starts = self.starts[start : max(start, stop) + 1]
        return type(self)(self.units, self.unit[starts[0] : starts[-1]], starts - starts[0])

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, EventMatrix)
            and self.units == other.units
            and np.array_equal(self.starts, other.starts)
            and np.array_equal(self.unit, other.unit)
        )

    __hash__ = None  # type: ignore[assignment]  # equal by content, as an array is
