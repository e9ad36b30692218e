"""The notes of a piece of piano music."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Notes:
    """Notes by onset: `onset (n,) float64` in seconds, `pitch (n,) int64` MIDI, 0..127."""

    onset: npt.NDArray[np.float64]
    pitch: npt.NDArray[np.int64]

    def between(self, start: float, end: float) -> "Notes":
        """Return the notes that begin in `start <= onset < end`, seconds, counted from `start`."""
        inside = (self.onset >= start) & (self.onset < end)
        return Notes(self.onset[inside] - start, self.pitch[inside])
