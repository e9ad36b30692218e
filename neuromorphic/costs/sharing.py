"""How many streams one chip can serve, and how many it takes to beat a processor for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from neuromorphic.chips.catalogue import Chip
from neuromorphic.costs.ledger import Bill
from neuromorphic.costs.timing import Timing
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
    took: Timing | None,
    memoryless: bool,
    seconds: float,
    own: Bill,
    baselines: Mapping[str, Bill],
) -> Sharing:
    """Compare `own`, a chip's bill of `seconds` of one stream in real time, with `baselines`.

    A chip holds as many copies of a network as it has cores for, and so do several together. A
    network without memory serves as many streams one after the other as its `took` time allows, and
    the host feeds no more than its own does. Bills that are refused are left out.
    """
    room = chip.allowed("cores") if placed else None
    at_once = None
    if placed and room:
        turns = _times(seconds, took.run[1]) if took and memoryless else 1
        at_once = int(room * placed.chips // placed.cores) * turns
        if took and took.host:
            at_once = min(at_once, _times(seconds, took.host[1]))
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


def _times(seconds: float, each: float) -> int:
    return max(1, int(seconds / each)) if each else 1


def _even(fixed: float, saved: float) -> int | None:
    return max(1, ceil(fixed / saved)) if saved > 0 else None
