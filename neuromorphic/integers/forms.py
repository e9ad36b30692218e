"""One network in the forms that back ends, chips and bills need."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.graphs import STEP
from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.run import Input, by_unit, joined
from neuromorphic.integers.entry import Entry, Payload, to_payload
from neuromorphic.integers.network import Network, checked_payload
from neuromorphic.integers.units import Units
from runtime.errors import GraphError
from runtime.lapped import chip


@dataclass(frozen=True, eq=False)
class Forms:
    """A network as given, and the forms derived from it; a missing form is None.

    `graph` is in floats, in steps of `dt` s in a `dialect`; `portable` is the same for tools
    without Threshold. `integers` is on a chip's grid, and `file` is its netx file; `entry` scales
    the input. `period` is the duration of a step in the original signal, s. `lapped` are the units
    of a LAPPED bundle, from which its graphs and its file are made when needed.
    """

    graph: Graph | None = None
    portable: Graph | None = None
    integers: Network[Units] | None = None
    file: Path | None = None
    entry: Entry | None = None
    dt: float = STEP
    dialect: Dialect = NIR
    period: float = STEP
    lapped: chip.Units | None = None

    @property
    def network(self) -> Network[Units]:
        """The integers; raises `GraphError` if the graph has not been rounded yet."""
        if self.integers is None:
            raise GraphError("the graph is in floats; round it first with quantise")
        return self.integers

    @property
    def input_shape(self) -> tuple[int, ...]:
        """The shape of the input in one step; raises `GraphError` for several Inputs."""
        return (self.network.inputs,) if self.graph is None else self.graph.input_shape

    def signals(self, x: Input) -> npt.NDArray[Any]:
        """Return `x (T, ...)`, or one such array for each Input by its name, as `(M, T)`."""
        if isinstance(x, Mapping):
            if self.graph is None:
                raise GraphError(f"input has {', '.join(x)}; this network has one input")
            return joined(self.graph, x)
        array = np.asarray(x)
        if array.ndim < 1 or array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise GraphError(
                f"input is {array.shape} {array.dtype}; finite numbers (T, ...) are needed"
            )
        return by_unit(array)

    @property
    def payload_bits(self) -> int:
        """The bits of the input; those of a payload if they are not stated."""
        return PAYLOAD_BITS if self.entry is None else self.entry.bits

    def payload(self, x: Input) -> Payload:
        """Return `x`, see `signals`, as the integers `(M, T)` that spikes carry into the network.

        They are int8, or int16 where they go into units without a synapse.

        Raises `GraphError` for another shape, for values that no spike can carry, and for fractions
        if the network has no `entry` to scale them by.
        """
        signals = self.signals(x)
        if len(signals) != self.network.inputs:
            raise GraphError(
                f"input is {signals.T.shape}; (T, {self.network.inputs}) is needed, in T steps"
            )
        if self.entry is None or self.entry.bits > PAYLOAD_BITS:
            signals = _whole(signals)
        else:
            _require_plain(signals, self.entry)
            signals = to_payload(signals.astype(np.float64), self.entry.exponent)
        narrow: npt.DTypeLike = np.int8 if self.payload_bits <= PAYLOAD_BITS else np.int16
        kind = narrow if self.network.largest is None else np.int32
        return checked_payload(self.network, signals).astype(kind, copy=False)


def _whole(signals: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if signals.dtype.kind != "f":
        return signals
    if not np.array_equal(signals, np.round(signals)):
        raise GraphError("the input holds fractions; this network takes only integers")
    return signals.astype(np.int64)


def _require_plain(signals: npt.NDArray[Any], entry: Entry) -> None:
    if not entry.is_graded and not np.isin(signals, (0, 1)).all():
        raise GraphError(
            f"the input reaches {signals.min():g}..{signals.max():g}; this network takes plain "
            "spikes, 0 or 1"
        )
