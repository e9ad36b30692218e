"""Connections between populations: a matrix or a convolution, of integers or of floats."""

from dataclasses import dataclass, replace
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.graph import Stage
from neuromorphic.graphs.shapes import padding
from runtime.errors import GraphError

Weights = npt.NDArray[Any]  # int32 on a chip, float64 before
Signals = npt.NDArray[Any]  # payloads, spikes, or floats

LARGEST = 2**26  # weights of a matrix that a convolution is turned into
WEIGHTS = (nir.Affine, nir.Linear, nir.Conv1d)


@dataclass(frozen=True, eq=False)
class Dense:
    """`weight (N, M)` as it is stored; of integers the sum is shifted by `weight_exp`."""

    weight: Weights
    weight_exp: int = 0

    @property
    def units(self) -> int:
        """Number of units `N` that it feeds."""
        return int(self.weight.shape[0])

    @property
    def inputs(self) -> int:
        """Number of inputs `M`."""
        return int(self.weight.shape[1])

    def matrix(self) -> Weights:
        """Return the weights as `(N, M)`."""
        return self.weight

    def apply(self, x: Signals) -> npt.NDArray[np.float64]:
        """Return `weight @ x (M, T)`, without the shift."""
        sums: npt.NDArray[np.float64] = self.weight.astype(np.float64) @ x
        return sums


@dataclass(frozen=True, eq=False)
class Conv1d:
    """A cross-correlation over the places of one time step, `(C_in, width)` to `(C_out, places)`.

    `weight (C_out, C_in / groups, K)`; `padding` zeros before and after. Units are numbered
    channel by channel. Integers are stored as they are: Lava's Conv knows no exponent.
    """

    weight: Weights
    width: int
    stride: int = 1
    padding: tuple[int, int] = (0, 0)
    dilation: int = 1
    groups: int = 1

    @property
    def channels(self) -> int:
        """Number of input channels."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def places(self) -> int:
        """Places of the output."""
        reach = self.dilation * (self.weight.shape[2] - 1) + 1
        return int(self.width + sum(self.padding) - reach) // self.stride + 1

    @property
    def units(self) -> int:
        """Number of units that it feeds."""
        return int(self.weight.shape[0]) * self.places

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.channels * self.width

    def matrix(self) -> Weights:
        """Return the same map as a matrix `(units, inputs)`; raises `GraphError` for a vast one."""
        if self.units * self.inputs > LARGEST:
            raise GraphError(
                f"a convolution of {self.inputs} to {self.units} values is too large for a matrix"
            )
        return self.apply(np.eye(self.inputs)).astype(self.weight.dtype)

    def apply(self, x: Signals) -> npt.NDArray[np.float64]:
        """Return the sums `(units, T) float64` of `x (inputs, T)`; integers are exact."""
        frames = x.shape[1]
        planes = x.reshape(self.groups, self.weight.shape[1], self.width, frames).astype(np.float64)
        planes = np.pad(planes, ((0, 0), (0, 0), self.padding, (0, 0)))
        kernels = self.weight.reshape(self.groups, -1, *self.weight.shape[1:]).astype(np.float64)
        out = np.zeros((self.groups, kernels.shape[1], self.places, frames))
        for k in range(self.weight.shape[2]):
            first = k * self.dilation
            taps = planes[:, :, first : first + (self.places - 1) * self.stride + 1 : self.stride]
            out += np.einsum("goc,gcpt->gopt", kernels[..., k], taps, optimize=True)
        return out.reshape(self.units, frames)


Synapse = Dense | Conv1d


def scaled(synapse: Synapse, factor: npt.NDArray[np.float64]) -> Synapse:
    """Return the float synapse whose unit `n` gets `factor[n]` as much, `factor (N,) float64`.

    A convolution stays one where all units of a channel have the same factor.
    """
    if isinstance(synapse, Conv1d):
        by_channel = factor.reshape(len(synapse.weight), -1)
        if (by_channel == by_channel[:, :1]).all():
            return replace(synapse, weight=synapse.weight * by_channel[:, :1, None])
    return Dense(synapse.matrix() * factor[:, None])


def fan_out(synapse: Synapse) -> npt.NDArray[np.int64]:
    """Return how many units each input reaches, `(M,) int64`; a Dense stores zeros too."""
    if isinstance(synapse, Dense):
        return np.full(synapse.inputs, synapse.units)
    kernel = np.arange(synapse.weight.shape[2]) * synapse.dilation - synapse.padding[0]
    met = np.arange(synapse.places)[:, None] * synapse.stride + kernel
    places = np.bincount(met[(met >= 0) & (met < synapse.width)], minlength=synapse.width)
    return np.tile(places * (len(synapse.weight) // synapse.groups), synapse.channels)


def synapse_of(stage: Stage) -> Synapse:
    """Return the weights of an Affine, a Linear or a Conv1d."""
    node = stage.node
    if not isinstance(node, nir.Conv1d):
        return Dense(node.weight)
    return Conv1d(
        weight=node.weight,
        width=stage.given[1],
        stride=int(np.ravel(node.stride)[0]),
        padding=padding(node),
        dilation=int(np.ravel(node.dilation)[0]),
        groups=int(np.ravel(node.groups)[0]),
    )
