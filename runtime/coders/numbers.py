"""Convert arrays of whole numbers to bits of a fixed width, most significant first, and back."""

import numpy as np
import numpy.typing as npt

from runtime.events import Index

Flags = npt.NDArray[np.uint8]


def to_flags(values: Index, width: int) -> Flags:
    """Write `values (n,)`, below `2**width`, as `(n, width)` bits; `width` is at most 24."""
    wide = np.dtype(">u1" if width <= 8 else ">u2" if width <= 16 else ">u4")
    octets = values.astype(wide).view(np.uint8).reshape(len(values), wide.itemsize)
    return np.unpackbits(octets, axis=1)[:, 8 * wide.itemsize - width :]


def from_flags(bits: Flags) -> Index:
    """Read `(n, width)` bits as `(n,)` numbers; with width 0 they are all 0."""
    # float32 holds whole numbers up to 2^24, and its product is several times faster.
    weights = np.exp2(np.arange(bits.shape[1] - 1, -1, -1, dtype=np.float32))
    return (bits.astype(np.float32) @ weights).astype(np.int64)
