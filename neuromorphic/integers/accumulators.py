"""Whether the accumulators of chips can hold a network's sums: for all inputs, or those seen."""

from dataclasses import dataclass

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.chips.catalogue import chip_names, load_chip
from neuromorphic.integers.bounds import aligned, peak_sums, worst_sums
from neuromorphic.integers.entry import Payload
from neuromorphic.integers.network import Network
from neuromorphic.integers.units import Units

ALL, SEEN, NONE = "all inputs", "the recordings of the probe alone", "neither"


@dataclass(frozen=True)
class Accumulator:
    """The largest sum that `chip` holds, and the largest for the recordings and for all inputs.

    `holds_for` is `ALL`, `SEEN` or `NONE`: the inputs for which this chip gives the same bits.
    """

    chip: str
    limit: int
    recordings: int
    all_inputs: int
    holds_for: str


def accumulators(network: Network[Units], payload: Payload) -> tuple[Accumulator, ...]:
    """Compare `network`, run on `payload (M, T)`, with each chip with a published accumulator."""
    worst, peaks = worst_sums(network, PAYLOAD_BITS), peak_sums(network, payload)
    most = max(aligned(layer, worst[layer.name]) for layer in network.layers)
    seen = max(aligned(layer, peaks[layer.name]) for layer in network.layers)
    found = []
    for name in chip_names():
        known = load_chip(name).allowed("sum_max")
        if known is not None:
            limit = int(known)
            holds = ALL if most <= limit else SEEN if seen <= limit else NONE
            found.append(Accumulator(name, limit, seen, most, holds))
    return tuple(found)
