"""The units in the integers of a chip: 8-bit samples, a 6-bit dictionary, 8-bit thresholds.

A frame enters as payloads `p = rint(x / 2^e)`, |p| <= 127, with one exponent `e`. Bin `k`
accumulates `a = floor(sum_n w[k, n] p[n] / 2^SHIFT)`, and unit `(k, s, l)` of sign `s` and level
`l` fires iff `s a[k] - theta[l, k] r[l] > 0`. The payload `r[l]` is the step over `2^e`, times the
level, and `theta` are constants of the model. Any sum fits in 24 bits, for any input: see `bounds`.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import BundleError
from runtime.lapped.transform import basis
from runtime.sessions import Graph, open_graph
from runtime.thermometer import places

PAYLOAD_MAX = 127  # signed 8-bit graded spikes
WEIGHT_MAX = 31  # signed 6-bit synapses of the dictionary
THETA_MAX = 127  # signed 8-bit synapses of the thresholds
SHIFT = 3  # bits that an accumulator drops
LIMIT = 1 << 23  # a 24-bit sum wraps here
OFFSET = 0.62  # level l is nominally reached at l + OFFSET steps
GRID = 90  # theta of a threshold at its nominal place, for a bin whose scale is one
FINEST = 128  # least counts of an accumulator in a step: 8-bit samples resolve nothing finer
SILENT = -40  # the exponent of a frame of zeros
SUMS = "sums.onnx"

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Units:
    """The units of a model: `theta (levels, bins) int32` in 1..127, `hop` samples a frame.

    The last row of `theta` is used for all higher levels, too.
    Raises `BundleError` when a threshold is out of range or a sum could wrap.
    """

    theta: Ints
    hop: int

    def __post_init__(self) -> None:
        if self.theta.ndim != 2 or not self.theta.size:
            raise BundleError(f"thresholds are {self.theta.shape}; levels and bins are needed")
        if self.theta.min() < 1 or self.theta.max() > THETA_MAX:
            low, high = self.theta.min(), self.theta.max()
            raise BundleError(f"thresholds reach {low}..{high}; 1..{THETA_MAX} are possible")
        if max(bounds(self)) >= LIMIT:
            raise BundleError(f"a sum of the units can reach {max(bounds(self))}, beyond 24 bits")

    @property
    def bins(self) -> int:
        """Number of bins; each has units of both signs."""
        return self.theta.shape[1]

    def row(self, level: int) -> Ints:
        """The thresholds `(bins,)` of a level."""
        return self.theta[min(level, len(self.theta) - 1)]


@functools.cache
def dictionary(bins: int, hop: int) -> Floats:
    """The integer weights `(bins, 2 hop)` as float32, in which all their sums are exact."""
    return np.rint(basis(bins, hop) * (WEIGHT_MAX / np.sqrt(2 / hop)))


def lsb(hop: int) -> float:
    """One count of an accumulator, in coefficients of the orthonormal transform, at e = 0."""
    return float(np.sqrt(2 / hop)) / WEIGHT_MAX * (1 << SHIFT)


def payloads(frames: Floats) -> tuple[npt.NDArray[np.int8], Ints]:
    """Scale frames `(T, n)` to payloads `(T, n) int8` with exponents `(T,)`."""
    peak = np.abs(frames).max(1, initial=0)
    exponent = np.frexp(np.maximum(peak, 2.0**SILENT) / PAYLOAD_MAX)[1]
    exponent -= np.rint(np.ldexp(peak, 1 - exponent)) <= PAYLOAD_MAX  # 127 itself still fits
    scaled = frames * np.ldexp(np.float32(1), -exponent)[:, None]
    return np.rint(scaled).astype(np.int8), exponent.astype(np.int32)


def accumulated(payload: npt.NDArray[np.int8], units: Units) -> Ints:
    """The accumulators `(T, bins) int32` of payloads `(T, 2 hop)`, in integers throughout.

    ONNX Runtime is fastest for unsigned bytes, so payloads go in as `p + 128`; its kernels add two
    products in 16 bits, which 255 times 31 does not exceed.
    """
    feed: dict[str, npt.NDArray[Any]] = {
        "payload": payload.view(np.uint8) ^ 128,
        "dictionary": _columns(units.bins, units.hop),
    }
    sums = _sums()(feed)["sum"]
    return sums.astype(np.int32, copy=False) >> SHIFT


@functools.cache
def _sums() -> Graph:
    """The product of `payload - 128` and `dictionary`; `export.lapped_integers` makes the file."""
    path = Path(__file__).with_name(SUMS)
    return open_graph(path, {"payload", "dictionary"}, {"sum"}, threads=1)


@functools.cache
def _columns(bins: int, hop: int) -> npt.NDArray[np.int8]:
    return np.ascontiguousarray(dictionary(bins, hop).T.astype(np.int8))


def level_payloads(level: int, exponent: Ints, step: float, units: Units) -> Ints:
    """The payload `r[level] (T,)` of frames with exponents `(T,)` at a step.

    It is capped at the value whose threshold no accumulator can reach.
    """
    ratio = step / lsb(units.hop) * (level + OFFSET) / GRID
    return np.minimum(np.rint(np.ldexp(ratio, -exponent)), cap(units, level)).astype(np.int32)


def finest_step(exponent: Ints, hop: int) -> float:
    """The smallest step that keeps the levels in order for all frames with exponents `(T,)`."""
    return FINEST * lsb(hop) * 2.0 ** int(exponent.max(initial=SILENT))


def cap(units: Units, level: int) -> int:
    """The cap of a level's payload: with it no unit can fire, whatever the samples are."""
    return -(-_largest(units) // int(units.row(level).min()))


def levels(accumulator: Ints, exponent: Ints, step: float, units: Units) -> Ints:
    """The number of levels that fire, times the sign: `(T, bins) int32`, as the accumulators.

    `step` is at least `finest_step`, so that thresholds rise from level to level.
    """
    found = np.zeros(accumulator.shape, np.int32)
    first = level_payloads(0, exponent, step, units)[:, None] * units.row(0)
    level, frame, bin = 0, *places(np.abs(accumulator) > first)
    reached = accumulator[frame, bin]
    while len(frame):
        level += 1
        found[frame, bin] = np.sign(reached) * level
        threshold = units.row(level)[bin] * level_payloads(level, exponent, step, units)[frame]
        fires = np.abs(reached) > threshold
        frame, bin, reached = frame[fires], bin[fires], reached[fires]
    return found


def bounds(units: Units) -> tuple[int, int]:
    """The largest |sum| of an accumulator and of a threshold unit over all inputs; both occur.

    The first is `127 sum |w|`, the second the largest accumulator plus the largest threshold.
    """
    thresholds = [
        cap(units, level) * int(units.row(level).max()) for level in range(len(units.theta))
    ]
    return _largest_sum(units.bins, units.hop), _largest(units) + max(thresholds)


def _largest(units: Units) -> int:
    return -(-_largest_sum(units.bins, units.hop) >> SHIFT)


@functools.cache
def _largest_sum(bins: int, hop: int) -> int:
    return PAYLOAD_MAX * int(np.abs(dictionary(bins, hop)).sum(1, dtype=np.float64).max())
