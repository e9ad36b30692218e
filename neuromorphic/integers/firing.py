"""How units fire and what a spike leaves behind, where that is not as in Lava's LIF."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

COUNT_MAX = 127  # spikes that one message of 8 bits counts; the others stay in the voltage


@dataclass(frozen=True)
class Firing:
    """What a unit does that Lava's LIF, the default, does not do.

    `subtracts`: the threshold is taken off the voltage, rather than the voltage set to 0; if
    `late`, in the next step. `ties`: it fires at v = threshold, too. `many`: it sends as many
    spikes as the voltage holds thresholds, counted by one graded spike. `floor`: the voltage stays
    at minus the threshold or above.
    """

    subtracts: bool = False
    late: bool = False
    ties: bool = False
    many: bool = False
    floor: bool = False

    @property
    def message(self) -> npt.DTypeLike:
        """The type of what is sent in a step: a spike or none, or a count."""
        return np.int32 if self.many else np.bool_

    def __str__(self) -> str:
        words = {
            "subtracts": "subtract the threshold" + " a step late" * self.late,
            "ties": "fire at the threshold",
            "many": "send several spikes a step",
            "floor": "keep a floor under the voltage",
        }
        return ", ".join(text for name, text in words.items() if getattr(self, name))


AS_LIF = Firing()
