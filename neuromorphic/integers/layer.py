"""The bottleneck as a chip holds it: integer weights, one shift, an integer bias for each unit."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.integers.exact import Arm, ExactLayer, network_of
from neuromorphic.integers.fixed_point import SHIFT_MAX, Neuron
from neuromorphic.integers.network import INPUT, Network, run_network
from runtime.errors import GraphError

WEIGHT_MAX = 127  # signed 8-bit synapses, symmetric
PAYLOAD_MAX = 127  # signed 8-bit graded spikes, symmetric
BIAS_MAX = 4093  # 13-bit signed mantissa, +-4095, minus 2 for the offset in `fixed_point`
CURRENT_LIMIT = 2**17  # the 24-bit current wraps at 2^23, and the input enters it shifted by 6

Int32 = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """Memoryless units: unit `n` fires when `((weight @ payload) >> shift) + bias >= 0`.

    `weight (N, M) int32` in -127..127, `bias (N,) int32` in -4093..4093, `shift` 0..12, an
    arithmetic shift (it floors). Equivalently `weight @ payload + bias * 2**shift + 0.5 > 0`: the
    threshold lies half-way between two integers, so `>` and `>=` agree.
    Raises `GraphError` when a value is out of range, or when some payload could make the chip's
    current wrap (see `current_bounds`). Source: Lava 0.10 `proc.dense`, `proc.lif`, fixed point.
    """

    weight: Int32
    bias: Int32
    shift: int

    def __post_init__(self) -> None:
        weight = _integers("weight", self.weight, 2, WEIGHT_MAX)
        bias = _integers("bias", self.bias, 1, BIAS_MAX)
        if not weight.size:
            raise GraphError(f"layer weight is empty {weight.shape}; it needs units and inputs")
        if len(bias) != len(weight):
            raise GraphError(f"layer bias has {len(bias)} values for {len(weight)} units")
        shift = int(self.shift)
        if shift != self.shift or not 0 <= shift <= SHIFT_MAX:
            raise GraphError(f"layer shift is {self.shift}; it must be an integer 0..{SHIFT_MAX}")
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "bias", bias)
        object.__setattr__(self, "shift", shift)
        self._refuse_wrap()

    @property
    def units(self) -> int:
        """Number of units `N`."""
        return int(self.weight.shape[0])

    @property
    def inputs(self) -> int:
        """Number of inputs `M`."""
        return int(self.weight.shape[1])

    def sum_bounds(self) -> npt.NDArray[np.int64]:
        """The largest `|weight @ payload|` of each unit over all payloads, `(N,) int64`."""
        return np.abs(self.weight.astype(np.int64)).sum(axis=1) * PAYLOAD_MAX

    def current_bounds(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Least and greatest `(weight @ payload) >> shift` of each unit, `(N,) int64` each.

        This proves equal bits. Both stay within +-2^17 for every payload (checked when the layer is
        made), so a 24-bit current that takes its input shifted by 6 never wraps; and no sum ever
        equals the half-integer threshold. Hence any executor that adds integers and compares, with
        `>` or `>=`, gives the same spikes for all inputs.
        """
        bound = self.sum_bounds()
        return -bound >> self.shift, bound >> self.shift

    def spikes(self, payload: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
        """Return the spikes `(N, T) bool` for `payload (M, T) int8` in -127..127.

        Raises `GraphError` when the payload has another shape, type or range.
        """
        return run_network(self.network(), payload)

    @property
    def exact(self) -> tuple[ExactLayer, ...]:
        """The layer as the only one of a network: see `exact`."""
        arm = Arm(INPUT, self.weight.astype(np.int64), -self.shift)
        return (ExactLayer("bottleneck", (arm,), self.bias.astype(np.int64)),)

    def network(self) -> Network[Neuron]:
        """Return the layer as a network of a chip's units, which spikes as defined above.

        `v = 64 (sum + bias + 2) > 64` exactly if `sum + bias >= 0`. With `du` = 4095 and `dv` =
        4096 nothing is kept from the previous step (on Loihi 1 the offset bit makes 12-bit 4095
        into 4096).
        """
        return network_of(self.exact)

    def _refuse_wrap(self) -> None:
        low, high = self.current_bounds()
        unit = int(np.argmax(np.maximum(high, -low)))
        if max(high[unit], -low[unit]) >= CURRENT_LIMIT:
            raise GraphError(
                f"layer unit {unit} can reach {max(high[unit], -low[unit])} after the shift of "
                f"{self.shift} and would wrap at {CURRENT_LIMIT}; use a larger shift"
            )


def _integers(name: str, values: npt.ArrayLike, dimensions: int, limit: int) -> Int32:
    """Return a read-only int32 copy of `values`; raises `GraphError` if that would change them."""
    array = np.asarray(values)
    if array.ndim != dimensions or array.dtype.kind not in "iuf":
        raise GraphError(f"layer {name} is {array.shape} {array.dtype}; integers are needed")
    if not np.isfinite(array).all() or (array != np.round(array)).any():
        raise GraphError(f"layer {name} holds values that are not integers")
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if max(high, -low) > limit:
        raise GraphError(f"layer {name} reaches {low:g}..{high:g}; the limit is +-{limit}")
    copy = array.astype(np.int32)
    copy.flags.writeable = False
    return copy
