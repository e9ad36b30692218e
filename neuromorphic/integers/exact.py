"""Memoryless layers in plain integers, the common form for graphs, proofs and torch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.synapses import Dense
from neuromorphic.integers.fixed_point import FULL_DECAY, INPUT_SHIFT, THRESHOLD, Neuron
from neuromorphic.integers.network import INPUT, Connection, Layer, Network
from runtime.errors import GraphError

Weights = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Arm:
    """The input from `source`, a layer's number or INPUT: `2**exponent * weight @ x`, `(N, M)`."""

    source: int
    weight: npt.NDArray[np.int64]
    exponent: int = 0


@dataclass(frozen=True, eq=False)
class ExactLayer:
    """Units without memory on a chip's grid, all in integers.

    A unit fires if the sum of its `arms`, each rounded down to an integer, and of `bias (N,)` is at
    least 0. At most one arm has a negative exponent, `-shift`, so `2**shift` times the unrounded
    sum, plus a half, is positive in the same cases; `weights` and `offset` use this form.
    """

    name: str
    arms: tuple[Arm, ...]
    bias: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if sum(arm.exponent < 0 for arm in self.arms) > 1:
            raise GraphError(f"layer {self.name!r}: floors several sums; one at most is exact")

    @property
    def shift(self) -> int:
        """How many bits the sum of the input is shifted to the right."""
        return max(0, *(-arm.exponent for arm in self.arms))

    def weights(self, arm: Arm) -> Weights:
        """An arm's weights in the form without rounding: `(N, M) float64`."""
        return arm.weight * np.float64(2.0 ** (arm.exponent + self.shift))

    @property
    def offset(self) -> Weights:
        """The bias in the same form, plus a half, so that no sum is ever 0: `(N,) float64`."""
        return self.bias * np.float64(2.0**self.shift) + 0.5

    def bounds(self, input_max: int) -> Weights:
        """The largest possible sum of the weighted inputs, `(N,) float64`."""
        scaled = (
            _largest(arm, input_max) * np.float64(2.0 ** (arm.exponent + self.shift))
            for arm in self.arms
        )
        return sum(scaled, np.zeros(len(self.bias)))

    def chip_bounds(self, input_max: int) -> Whole:
        """The same bound after the shift, as on a chip: `(N,) int64`."""
        found = np.zeros(len(self.bias), np.int64)
        for arm in self.arms:
            largest, exponent = _largest(arm, input_max), arm.exponent
            found += largest << exponent if exponent >= 0 else -(-largest >> -exponent)
        return found

    def on_chip(self) -> Layer[Neuron]:
        """The same units as stored on a chip: weights doubled, so none is odd (see `layer`)."""
        connections = (
            Connection(arm.source, Dense(*chip_weights(arm.weight.astype(np.int32), -arm.exponent)))
            for arm in self.arms
        )
        mantissa = self.bias + 1 + THRESHOLD
        neuron = Neuron(FULL_DECAY - 1, FULL_DECAY, THRESHOLD, mantissa, INPUT_SHIFT)
        return Layer(self.name, tuple(connections), neuron)


def chip_weights(weight: npt.NDArray[np.int32], shift: int) -> tuple[npt.NDArray[np.int32], int]:
    """Return `(2 * weight, weight_exp)`: even, so no bit is lost; the exponent makes up for it."""
    return 2 * weight, -1 - shift


def _largest(arm: Arm, input_max: int) -> Whole:
    """The largest `|weight @ x|` of each unit, `(N,)`: spikes are 0 or 1."""
    largest = np.abs(arm.weight).sum(1) * (input_max if arm.source == INPUT else 1)
    return largest.astype(np.int64)


def network_of(layers: Iterable[ExactLayer]) -> Network[Neuron]:
    """Turn layers, in the order of the flow, into a network of a chip's units."""
    return Network(tuple(layer.on_chip() for layer in layers))


def levels(
    layers: Sequence[ExactLayer], payload: npt.NDArray[np.int8]
) -> Iterator[npt.NDArray[np.float64]]:
    """How far each layer's units are above their thresholds, `(N, T)`, for `payload (M, T)`."""
    spikes: list[npt.NDArray[np.bool_]] = []
    for layer in layers:
        level = layer.offset[:, None]
        for arm in layer.arms:
            level = level + layer.weights(arm) @ (
                payload if arm.source == INPUT else spikes[arm.source]
            ).astype(np.float64)
        spikes.append(level > 0)
        yield level
