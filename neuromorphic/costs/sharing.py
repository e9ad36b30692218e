"""How many streams one chip can serve, and how many it takes to beat a processor for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from neuromorphic.chips.catalogue import Chip
from neuromorphic.costs.ledger import Bill
from neuromorphic.placement import Placement

SHARED = ("step",)  # what all streams on a chip share, besides what is drawn over time


@dataclass(frozen=True)
class Sharing:
    """How many live streams fit one chip at once, and from how many on it is the cheaper one.

    `at_once` is None if the placement is unknown. `even` has a number for each baseline, of which
    every stream would have its own; None where no number of streams suffices.
    """

    at_once: int | None
    even: Mapping[str, int | None]


def sharing(
    chip: Chip,
    placed: Placement | None,
    turns: int,
    own: Bill,
    baselines: Mapping[str, Bill],
) -> Sharing:
    """Compare `own`, a chip's bill of one stream in real time, with those of `baselines`.

    A chip holds as many copies of a network as it has cores for; a network without memory serves
    so many `turns` in the time of one. Bills that are refused are left out.
    """
    room = chip.allowed("cores") if placed else None
    at_once = int(room // placed.cores) * turns if placed and room else None
    if own.mid_j is None:
        return Sharing(at_once, {})
    shared = (*own.overhead, *(term for term in own.operations if term.name in SHARED))
    fixed = sum(term.mid_j or 0.0 for term in shared)
    each = own.mid_j - fixed
    return Sharing(
        at_once,
        {
            name: _even(fixed, dense.mid_j - each)
            for name, dense in baselines.items()
            if dense.mid_j is not None
        },
    )


def _even(fixed: float, saved: float) -> int | None:
    return max(1, ceil(fixed / saved)) if saved > 0 else None
