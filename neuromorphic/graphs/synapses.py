"""Connections between populations: a matrix or a convolution, with integer or float weights."""

from dataclasses import dataclass, replace
from math import prod
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.graph import Stage
from neuromorphic.graphs.shapes import CONVOLUTIONS, POOLS, Padding, Shape, by_axis, padding
from neuromorphic.graphs.sparse import Direct, Sparse
from runtime.errors import GraphError

Weights = npt.NDArray[Any]  # int32 on a chip, float64 before quantisation
Signals = npt.NDArray[Any]  # payloads, spikes, or floats

LARGEST = 2**26  # the most entries when a convolution is turned into a matrix
WEIGHTS = (nir.Affine, nir.Linear, nir.Conv1d, nir.Conv2d, *POOLS)


@dataclass(frozen=True, eq=False)
class Dense:
    """`weight (N, M)` as stored; with integers the sum is shifted by `weight_exp`."""

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
    """A cross-correlation within each time step, from `(C_in, width)` to `(C_out, places)`.

    `weight (C_out, C_in / groups, K)`; `padding` zeros before and after. Units are numbered
    channel by channel. Integers are stored as they are, since Lava's Conv has no exponent.
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
        """Number of output positions."""
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
        """Return the map as a matrix `(units, inputs)`; raises `GraphError` if it is too large."""
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


@dataclass(frozen=True, eq=False)
class Conv2d:
    """A cross-correlation within each time step, from `(C_in, Y, X)` to `(C_out, y, x)`.

    `weight (C_out, C_in / groups, K_y, K_x)`; `padding` zeros before and after each axis. Units are
    numbered channel by channel, row by row.
    """

    weight: Weights
    size: tuple[int, ...]
    stride: tuple[int, ...] = (1, 1)
    padding: Padding = ((0, 0), (0, 0))
    dilation: tuple[int, ...] = (1, 1)
    groups: int = 1

    @property
    def channels(self) -> int:
        """Number of input channels."""
        return int(self.weight.shape[1]) * self.groups

    @property
    def places(self) -> tuple[int, ...]:
        """Number of output positions along each axis."""
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.weight.shape[2:], strict=True)]
        lengths = [n + sum(ends) for n, ends in zip(self.size, self.padding, strict=True)]
        return tuple(
            int(n - r) // s + 1 for n, r, s in zip(lengths, reach, self.stride, strict=True)
        )

    @property
    def units(self) -> int:
        """Number of units that it feeds."""
        return int(self.weight.shape[0]) * prod(self.places)

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return self.channels * prod(self.size)

    def apply(self, x: Signals) -> npt.NDArray[np.float64]:
        """Return the sums `(units, T) float64` of `x (inputs, T)`."""
        frames = x.shape[1]
        planes = x.reshape(self.groups, -1, *self.size, frames).astype(np.float64)
        planes = np.pad(planes, ((0, 0), (0, 0), *self.padding, (0, 0)))
        kernels = self.weight.reshape(self.groups, -1, *self.weight.shape[1:]).astype(np.float64)
        out = np.zeros((self.groups, kernels.shape[1], *self.places, frames))
        for tap in np.ndindex(self.weight.shape[2:]):
            where = tuple(
                slice(k * d, k * d + (n - 1) * s + 1, s)
                for k, d, n, s in zip(tap, self.dilation, self.places, self.stride, strict=True)
            )
            kernel = kernels[(..., *tap)]
            if kernel.any():  # pruned kernels and pools are mostly zeros
                out += np.einsum(
                    "goc,gcyxt->goyxt",
                    kernel,
                    planes[(slice(None), slice(None), *where)],
                    optimize=True,
                )
        return out.reshape(self.units, frames)


Synapse = Dense | Conv1d | Sparse | Direct  # integers, as chips store them
AnySynapse = Synapse | Conv2d


def scaled(synapse: Synapse, factor: npt.NDArray[np.float64]) -> Synapse:
    """Return the float synapse with the sum of unit `n` times `factor[n]`, `factor (N,) float64`.

    A convolution stays a convolution if all units of a channel have the same factor.
    """
    if isinstance(synapse, Conv1d):
        by_channel = factor.reshape(len(synapse.weight), -1)
        if (by_channel == by_channel[:, :1]).all():
            return replace(synapse, weight=synapse.weight * by_channel[:, :1, None])
    return Dense(synapse.matrix() * factor[:, None])


def fan_out(synapse: AnySynapse) -> npt.NDArray[np.int64]:
    """Return how many units each input reaches with a nonzero weight, `(M,) int64`."""
    match synapse:
        case Dense():
            return np.count_nonzero(synapse.weight, axis=0)
        case Sparse():
            return synapse.fan_out()
        case Direct():
            return np.zeros(synapse.inputs, np.int64)
        case Conv1d():
            synapse = _as_2d(synapse)
    # How many kernels have a weight at each tap, by group and channel within the group.
    kernels = (synapse.weight != 0).reshape(synapse.groups, -1, *synapse.weight.shape[1:])
    met = [
        _met(*axis)
        for axis in zip(
            synapse.size,
            synapse.places,
            synapse.weight.shape[2:],
            synapse.stride,
            synapse.padding,
            synapse.dilation,
            strict=True,
        )
    ]
    return np.einsum("gckl,ky,lx->gcyx", kernels.sum(axis=1), *met, optimize=True).ravel()


def dense_weights(synapse: AnySynapse) -> int:
    """Return the number of weights, zeros included: the products in a step."""
    match synapse:
        case Direct():
            return 0
        case Conv1d() | Conv2d():
            return int(fan_out(replace(synapse, weight=np.ones_like(synapse.weight))).sum())
        case Sparse(is_convolution=True):
            return int(synapse.weights.nnz)
    return synapse.units * synapse.inputs


def _as_2d(synapse: Conv1d) -> Conv2d:
    """The same convolution as a Conv2d of height 1."""
    return Conv2d(
        weight=synapse.weight[:, :, None],
        size=(1, synapse.width),
        stride=(1, synapse.stride),
        padding=((0, 0), synapse.padding),
        dilation=(1, synapse.dilation),
        groups=synapse.groups,
    )


def _met(
    size: int, places: int, taps: int, stride: int, padding: tuple[int, int], dilation: int
) -> npt.NDArray[np.int64]:
    """Return whether each tap meets each input along one axis at some position, `(taps, size)`."""
    met = np.zeros((taps, size), np.int64)
    for tap in range(taps):
        inputs = np.arange(places) * stride - padding[0] + tap * dilation
        met[tap, inputs[(inputs >= 0) & (inputs < size)]] = 1
    return met


def synapse_of(stage: Stage) -> AnySynapse:
    """Return the weights of an Affine, a Linear, a convolution or a pool."""
    node = stage.node
    match node:
        case nir.Conv1d():
            return Conv1d(
                weight=node.weight,
                width=stage.given[1],
                stride=by_axis(node.stride, 1)[0],
                padding=padding(node)[0],
                dilation=by_axis(node.dilation, 1)[0],
                groups=int(np.ravel(node.groups)[0]),
            )
        case nir.Conv2d():
            return Conv2d(
                weight=node.weight,
                size=stage.given[1:],
                stride=by_axis(node.stride, 2),
                padding=padding(node),
                dilation=by_axis(node.dilation, 2),
                groups=int(np.ravel(node.groups)[0]),
            )
        case nir.SumPool2d() | nir.AvgPool2d():
            return _pool(node, stage.given)
    return Dense(node.weight)


def _pool(node: nir.SumPool2d | nir.AvgPool2d, given: Shape) -> Conv2d:
    """A pool as a convolution: each channel by itself, padding included in the average."""
    taps = by_axis(node.kernel_size, 2)
    weight = 1.0 if isinstance(node, nir.SumPool2d) else 1 / prod(taps)
    return Conv2d(
        weight=np.full((given[0], 1, *taps), weight),
        size=given[1:],
        stride=by_axis(node.stride, 2),
        padding=tuple((width, width) for width in by_axis(node.padding, 2)),
        groups=given[0],
    )


def bias_of(stage: Stage) -> npt.NDArray[np.float64]:
    """Return the bias of a stage with weights, in its shape."""
    node, zeros = stage.node, np.zeros(stage.shape)
    if isinstance(node, CONVOLUTIONS):
        return zeros + node.bias.reshape(-1, *(1,) * (len(stage.shape) - 1))
    return zeros + node.bias if isinstance(node, nir.Affine) else zeros
