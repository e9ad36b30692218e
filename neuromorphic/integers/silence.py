"""Runs of integers in which layers send nothing."""

import numpy as np

from neuromorphic.graphs.synapses import Signals
from neuromorphic.integers.network import Network, blocks
from neuromorphic.integers.units import Units


def silent(network: Network[Units], payload: Signals) -> list[str]:
    """Return a warning for each layer of which no unit sends anything on `payload (M, T)`."""
    sent = np.zeros(len(network.layers), np.bool_)
    for block in blocks(network, payload):
        sent |= [bool(found.any()) for found in block.spikes]
    return [
        f"{layer.name}: none of its {layer.units} units fires in {payload.shape[1]} steps"
        for layer, fired in zip(network.layers, sent, strict=True)
        if not fired
    ]
