"""Whether the accumulators of chips hold a network's sums: of all inputs, or of those seen."""

from dataclasses import dataclass

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.chips.catalogue import chip_names, load_chip
from neuromorphic.integers.bounds import peak_sums, worst_sum
from neuromorphic.integers.entry import Payload
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.network import Network

ALL, SEEN, NONE = "all inputs", "the recordings of the probe alone", "neither"


@dataclass(frozen=True)
class Accumulator:
    """The largest sum that `chip` holds, beside those that the recordings and all inputs reach.

    `holds_for` is one of `ALL`, `SEEN` and `NONE`: bits are equal there as far as this chip goes.
    """

    chip: str
    limit: int
    recordings: int
    all_inputs: int
    holds_for: str


def accumulators(network: Network[Neuron], payload: Payload) -> tuple[Accumulator, ...]:
    """Compare `network`, which saw `payload (M, T)`, with every chip of published accumulator."""
    most = max(worst_sum(layer, PAYLOAD_BITS) for layer in network.layers)
    seen = max(peak_sums(network, payload).values())
    found = []
    for name in chip_names():
        known = load_chip(name).allowed("sum_max")
        if known is not None:
            limit = int(known)
            holds = ALL if most <= limit else SEEN if seen <= limit else NONE
            found.append(Accumulator(name, limit, seen, most, holds))
    return tuple(found)
