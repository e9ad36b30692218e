"""How lava-dl stores the weights of a netx file in 8-bit synapses."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Dense
from neuromorphic.integers.delivery import stored_weights
from runtime.errors import GraphError

Weights = npt.NDArray[np.int64]
BITS = 8


def synapse(weight: Weights, delays: Weights | None = None, more: int = 0) -> Dense | Sparse:
    """Return the synapses that lava-dl makes of `weight (N, M)` with `delays (N, M)` in steps.

    Weights are scaled up by the power of two that fills a synapse, and their sum is scaled down
    again. Mixed signs reach from -256 to 254 (odd ones beyond 127 take 9 bits), one sign alone to
    255. The result is a Dense if an 8-bit chip can hold the weights as they are. The sum is shifted
    down by `more`. Source: lava-dl 0.6 `netx.utils`, Lava 0.10 `utils.weightutils`. Raises
    `GraphError` for weights that lava-dl cannot store.
    """
    scaled, shift, bits = _scaled(weight)
    held = _held(scaled, bits)
    if np.array_equal(held, scaled) and np.abs(weight).max() < 128 and shift:
        held, shift = 2 * weight, 1  # equivalent, in the form of our own layers
    return _as_synapse(held, -shift - more, delays)


def recurrent(
    weight: Weights, back: Weights, delays: Weights | None = None
) -> tuple[Dense | Sparse, Dense | Sparse]:
    """Return the synapses of `weight (N, M)` and `back (N, N)`, scaled by a common factor.

    With `delays`, which both share, lava-dl does not scale the sums down again.
    """
    scaled, shift, bits = _scaled(np.hstack((weight, back)))
    parts = np.split(scaled, [weight.shape[1]], axis=1)
    exponent = -shift if delays is None else 0
    one, other = (_as_synapse(_held(part, bits), exponent, delays) for part in parts)
    return one, other


def _scaled(weight: Weights) -> tuple[Weights, int, int]:
    """Return the weights scaled up, by how many bits, and in how many bits they are stored."""
    low, high = int(weight.min()), int(weight.max())
    if (high > 254 and low < 0) or (low < -256 and high > 0):
        weight = np.clip(weight, -256, 254)
        low, high = int(weight.min()), int(weight.max())
    if not low and not high:
        raise GraphError("all its weights are 0, which lava-dl cannot lay out")
    if low >= 0:
        scale, signed = 255 / high, 0
    elif high < 0:
        scale, signed = -256 / low, 0
    else:
        scale, signed = min(127 / high if high else np.inf, -128 / low), 1
    shift = int(np.floor(np.log2(scale))) + signed
    if shift < 0:
        raise GraphError(f"its weights reach {low}..{high}; of one sign lava-dl takes up to 255")
    zeros = next((n for n in range(BITS, 0, -1) if not (weight % (1 << n)).any()), 0)
    return weight << shift, shift, BITS - shift - (zeros - signed)


def _held(scaled: Weights, bits: int) -> Weights:
    """Return the weights in Lava's synapses, for the sign mode that Lava detects."""
    low, high = int(scaled.min()), int(scaled.max())
    if low < 0 < high:
        dropped = BITS - bits + 1
        return np.clip(scaled, -256, 255) >> dropped << dropped
    dropped = BITS - bits
    return np.sign(scaled) * (np.clip(np.abs(scaled), 0, 255) >> dropped << dropped)


def _as_synapse(held: Weights, exponent: int, delays: Weights | None = None) -> Dense | Sparse:
    narrow = held.astype(np.int32)
    if delays is None and np.array_equal(stored_weights(narrow), narrow):
        return Dense(narrow, exponent)
    weights = csr_array(narrow)
    if delays is None:
        return Sparse(weights, exponent)
    rows = np.repeat(np.arange(len(held)), np.diff(weights.indptr))
    return Sparse(weights, exponent, delays[rows, weights.indices])
