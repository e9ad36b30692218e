"""The binary matrix that is trained, computed on a chip, stored, heard and priced."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Bits = npt.NDArray[np.bool_]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EventMatrix:
    """Which unit fires in which frame; `bits` is `(units, frames) bool`, read-only.

    Raises `ValueError` when `bits` is not a two-dimensional boolean array. Paper section 2: `z`.
    """

    bits: Bits

    def __post_init__(self) -> None:
        if self.bits.ndim != 2 or self.bits.dtype != np.bool_:
            raise ValueError(
                f"an event matrix is (units, frames) bool, not {self.bits.shape} {self.bits.dtype}"
            )
        # A view, so that the caller's own array stays writable.
        view = self.bits.view()
        view.flags.writeable = False
        object.__setattr__(self, "bits", view)

    @classmethod
    def from_events(cls, unit: Index, frame: Index, units: int, frames: int) -> Self:
        """Build the matrix from the coordinates of its events, `unit (S,)` and `frame (S,)`.

        Raises `ValueError` when a coordinate lies outside `(units, frames)`.
        """
        unit, frame = np.asarray(unit, np.int64), np.asarray(frame, np.int64)
        for name, index, size in (("unit", unit, units), ("frame", frame, frames)):
            if index.size and not 0 <= index.min() <= index.max() < size:
                raise ValueError(f"{name} index outside 0..{size - 1}")
        bits = np.zeros((units, frames), np.bool_)
        bits[unit, frame] = True
        return cls(bits)

    @property
    def units(self) -> int:
        """Number of units `N`."""
        return int(self.bits.shape[0])

    @property
    def frames(self) -> int:
        """Number of frames `T`."""
        return int(self.bits.shape[1])

    @property
    def count(self) -> int:
        """Number of events `S`."""
        return int(np.count_nonzero(self.bits))

    @property
    def density(self) -> float:
        """Share of ones, `S / (N T)`; 0 for an empty matrix."""
        return self.count / self.bits.size if self.bits.size else 0.0

    def coordinates(self) -> tuple[Index, Index]:
        """Return `(unit (S,), frame (S,))`, sorted by unit, then by frame."""
        unit, frame = np.nonzero(self.bits)
        return unit, frame

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventMatrix) and np.array_equal(self.bits, other.bits)

    __hash__ = None  # type: ignore[assignment]  # equal by content, as an array is
