"""What each core of a placement does in each step of a run, and what goes between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.costs.counts import Run, arrivals
from neuromorphic.graphs.reach import reach_of_groups
from neuromorphic.graphs.sparse import Direct
from neuromorphic.integers.network import INPUT, SELF, START
from neuromorphic.placement import Placement

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Work:
    """The work of the cores of a `placement`.

    `events (C, T)`: synaptic events of each core in each step; `units (C,)`: what it updates in
    each; `layer (C,)`: the number of its layer. `copies`: messages, one for each core that an event
    reaches, and one for an event that reaches none. `hops`: their way, in tiles; the input comes
    from the corner where the first tile is.
    """

    placement: Placement
    events: npt.NDArray[np.float64]
    units: Numbers
    layer: Numbers
    copies: int
    hops: int

    @property
    def busiest(self) -> float:
        """The share of the synaptic events that the busiest core of each step does."""
        whole = float(self.events.sum())
        return float(self.events.max(axis=0).sum()) / whole if whole else 0.0


def work_of(runs: Sequence[Run], placement: Placement, graded: bool) -> Work:
    """Return the work of a run; if spikes are not `graded`, an input sends one for each bit."""
    events, copies, hops = [], 0, 0
    for number, run in enumerate(runs):
        starts, tiles = placement.starts(number), placement.tiles(number)
        done = np.zeros((len(starts), run.fired.shape[1]))
        for c, given, bits in zip(run.layer.connections, run.given, run.bits, strict=True):
            sent = arrivals(given, bits, graded)
            reach = reach_of_groups(c.synapse, starts)
            if not isinstance(c.synapse, Direct):
                done += reach.astype(np.float64) @ sent.astype(np.float64)
            often, hit = sent.sum(axis=1, dtype=np.int64), reach > 0
            copies += int(often @ np.maximum(hit.sum(axis=0), 1))
            way = np.abs(tiles[:, None] - _origins(placement, number, c.source, len(often)))
            hops += int(often @ (way.sum(axis=2) * hit).sum(axis=0))
        events.append(done)
    sizes = [np.array(cores) for cores in placement.layers]
    layer = np.repeat(np.arange(len(sizes)), list(map(len, sizes)))
    return Work(placement, np.concatenate(events), np.concatenate(sizes), layer, copies, hops)


def _origins(placement: Placement, number: int, source: int, senders: int) -> Numbers:
    """Return the tile that each of the `senders` of a connection is on, `(senders, 2)`."""
    if source in (INPUT, START):
        return np.zeros((senders, 2), np.int64)
    layer = number if source == SELF else source
    core = np.searchsorted(placement.starts(layer), np.arange(senders), side="right") - 1
    return placement.tiles(layer)[core]
