"""Connections between populations: a matrix or a convolution, with integer or float weights."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import nir
import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view
from scipy.sparse import csr_array, eye_array

from neuromorphic.graphs.graph import Stage
from neuromorphic.graphs.shapes import CONVOLUTIONS, POOLS, Padding, Shape, by_axis, padding
from neuromorphic.graphs.sparse import Direct, Sparse
from runtime.ahead import mapped
from runtime.errors import GraphError

Weights = npt.NDArray[Any]  # int32 on a chip, float64 before quantisation
Signals = npt.NDArray[Any]  # payloads, spikes, or floats

LARGEST = 2**26  # the most weights when a convolution is written out
COLUMNS = 2**22  # of what the places of a convolution see, numbers at a time
FLOAT32_EXACT = 2**24
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
        return Sparse(written_out(self)).matrix()

    def apply(self, x: Signals) -> npt.NDArray[np.float64]:
        """Return the sums `(units, T) float64` of `x (inputs, T)`; integers are exact."""
        return as_2d(self).apply(x)


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

    def matrix(self) -> Weights:
        """Return the map as a matrix `(units, inputs)`; raises `GraphError` if it is too large."""
        return Sparse(written_out(self)).matrix()

    def apply(self, x: Signals) -> npt.NDArray[np.float64]:
        """Return the sums `(units, T) float64` of `x (inputs, T)`; integers are exact."""
        return self.narrow_sums(x).astype(np.float64, copy=False)

    def narrow_sums(self, x: Signals) -> npt.NDArray[np.floating[Any]]:
        """Return what `apply` does, of integers in the narrowest floats that hold them exactly."""
        frames, taps = x.shape[1], self.weight[0].size
        exact = _exact(self.weight, x)
        at_once = max(1, COLUMNS // (self.groups * taps * prod(self.places)))
        sums = np.zeros((self.units, frames), exact)

        def add(start: int) -> None:
            part = slice(start, start + at_once)
            sums[:, part] = self._product(x[:, part], exact)

        deque(mapped(add, range(0, frames, at_once)), maxlen=0)
        return sums

    def _product(self, x: Signals, exact: type[np.floating[Any]]) -> npt.NDArray[np.floating[Any]]:
        """The sums as one matrix product, with what each place sees as a column."""
        planes = x.reshape(-1, *self.size, x.shape[1]).astype(exact)
        planes = np.pad(planes, ((0, 0), *self.padding, (0, 0)))
        reach = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.weight.shape[2:], strict=True)]
        axes: Any = (1, 2)
        seen = sliding_window_view(planes, tuple(reach), axis=axes)
        down, across = self.stride
        seen = seen[:, ::down, ::across, :, :: self.dilation[0], :: self.dilation[1]]
        columns = seen.transpose(0, 4, 5, 1, 2, 3).reshape(
            self.groups, self.weight[0].size, prod(self.places) * x.shape[1]
        )
        kernels = self.weight.reshape(self.groups, -1, self.weight[0].size).astype(exact)
        return (kernels @ columns).reshape(self.units, x.shape[1])


def _exact(weight: Weights, x: Signals) -> type[np.floating[Any]]:
    """Return the narrowest floats that hold all sums: float32 has all integers up to 2^24."""
    if weight.dtype.kind == "f" or x.dtype.kind == "f" or not x.size:
        return np.float64
    sizes = np.abs(weight.astype(np.int64)).reshape(len(weight), -1).sum(axis=1)
    largest = max(int(x.max()), -int(x.min())) if x.dtype.kind != "b" else 1
    return np.float32 if int(sizes.max()) * largest < FLOAT32_EXACT else np.float64


Synapse = Dense | Conv1d | Conv2d | Sparse | Direct


def scaled(synapse: Synapse, factor: npt.NDArray[np.float64]) -> Synapse:
    """Return the float synapse with the sum of unit `n` times `factor[n]`, `factor (N,) float64`.

    A convolution stays a convolution if all units of a channel have the same factor.
    """
    if isinstance(synapse, Conv1d | Conv2d):
        by_channel = factor.reshape(len(synapse.weight), -1)
        if (by_channel == by_channel[:, :1]).all():
            own = by_channel[:, 0].reshape(-1, *(1,) * (synapse.weight.ndim - 1))
            return replace(synapse, weight=synapse.weight * own)
        synapse = Sparse(written_out(synapse))
    if isinstance(synapse, Sparse):
        by_weight = np.repeat(factor, np.diff(synapse.weights.indptr))
        return synapse.holding(synapse.weight * by_weight)
    return Dense(synapse.matrix() * factor[:, None])


def composed(after: Synapse, before: Synapse) -> Synapse:
    """Return the one float synapse that does what `before` does and then `after`."""
    if isinstance(after, Dense) and isinstance(before, Dense):
        return Dense(after.weight @ before.weight)
    return Sparse(nonzero(after) @ nonzero(before))


def delayed(parts: Mapping[int, Synapse]) -> list[Sparse]:
    """Return synapses that together do what each of `parts` does after its delay, in steps.

    From an input to a unit a synapse has a single weight and delay. What has several takes as many
    synapses.
    """
    held = [nonzero(synapse).tocoo() for synapse in parts.values()]
    rows, columns, weight = (
        np.concatenate([getattr(part, name) for part in held]) for name in ("row", "col", "data")
    )
    late = np.repeat(np.array(list(parts), np.int64), [part.nnz for part in held])
    order = np.lexsort((late, columns, rows))
    order = order[weight[order] != 0]
    pairs = rows[order].astype(np.int64) * held[0].shape[1] + columns[order]
    rank = np.arange(len(pairs)) - np.searchsorted(pairs, pairs)
    made = []
    for number in range(int(rank.max(initial=0)) + 1):
        own = order[rank == number]
        weights = csr_array((weight[own], (rows[own], columns[own])), held[0].shape)
        made.append(Sparse(weights, delays=late[own]))
    return made


def longest_delay(synapse: Synapse) -> int:
    """Return the longest delay of a weight, in steps."""
    return synapse.longest if isinstance(synapse, Sparse) else 0


def nonzero(synapse: Synapse) -> csr_array:
    """Return the weights that are not 0, `(N, M)`; raises `GraphError` for too many."""
    match synapse:
        case Sparse():
            return synapse.weights
        case Conv1d() | Conv2d():
            return written_out(synapse)
        case Direct():
            return csr_array(synapse.factor * eye_array(synapse.units, dtype=np.int64))
    return csr_array(synapse.weight)


def written_out(synapse: "Conv1d | Conv2d") -> csr_array:
    """Return a convolution as the matrix `(units, inputs)` of its weights that are not 0.

    Raises `GraphError` if they are too many.
    """
    flat = as_2d(synapse) if isinstance(synapse, Conv1d) else synapse
    if np.count_nonzero(flat.weight) * prod(flat.places) > LARGEST:
        raise GraphError(
            f"a convolution of {flat.inputs} to {flat.units} values has too many weights to write "
            "out"
        )
    reached = [_reached(*axis) for axis in _axes(flat)]
    rows, columns, values = [], [], []
    for out, within, y, x in np.argwhere(flat.weight):
        channel = out // (len(flat.weight) // flat.groups) * flat.weight.shape[1] + within
        down, across = reached[0][y], reached[1][x]
        there = np.logical_and.outer(down >= 0, across >= 0)
        inputs = channel * prod(flat.size) + np.add.outer(down * flat.size[1], across)
        rows.append(out * there.size + np.flatnonzero(there))
        columns.append(inputs[there])
        values.append(np.full(len(rows[-1]), flat.weight[out, within, y, x]))
    empty = [np.zeros(0, flat.weight.dtype)]
    where = np.concatenate(rows or empty), np.concatenate(columns or empty)
    return csr_array((np.concatenate(values or empty), where), (flat.units, flat.inputs))


def fan_out(synapse: Synapse) -> npt.NDArray[np.int64]:
    """Return how many units each input reaches with a nonzero weight, `(M,) int64`."""
    match synapse:
        case Dense():
            return np.count_nonzero(synapse.weight, axis=0)
        case Sparse():
            return synapse.fan_out()
        case Direct():
            return np.zeros(synapse.inputs, np.int64)
        case Conv1d():
            synapse = as_2d(synapse)
    # How many kernels have a weight at each tap, by group and channel within the group.
    kernels = (synapse.weight != 0).reshape(synapse.groups, -1, *synapse.weight.shape[1:])
    met = [_met(*axis) for axis in _axes(synapse)]
    return np.einsum("gckl,ky,lx->gcyx", kernels.sum(axis=1), *met, optimize=True).ravel()


def dense_weights(synapse: Synapse) -> int:
    """Return the number of weights, zeros included unless `wired`: the products in a step."""
    match synapse:
        case Direct():
            return 0
        case Conv1d() | Conv2d():
            return int(fan_out(replace(synapse, weight=np.ones_like(synapse.weight))).sum())
        case Sparse(wired=True):
            return int(synapse.weights.nnz)
    return synapse.units * synapse.inputs


def as_2d(synapse: Conv1d) -> Conv2d:
    """Return the same convolution as a Conv2d of height 1."""
    return Conv2d(
        weight=synapse.weight[:, :, None],
        size=(1, synapse.width),
        stride=(1, synapse.stride),
        padding=((0, 0), synapse.padding),
        dilation=(1, synapse.dilation),
        groups=synapse.groups,
    )


Axis = tuple[int, int, int, int, tuple[int, int], int]


def _axes(synapse: Conv2d) -> list[Axis]:
    """Return size, places, taps, stride, padding and dilation along each axis."""
    return list(
        zip(
            synapse.size,
            synapse.places,
            synapse.weight.shape[2:],
            synapse.stride,
            synapse.padding,
            synapse.dilation,
            strict=True,
        )
    )


def _reached(
    size: int, places: int, taps: int, stride: int, padding: tuple[int, int], dilation: int
) -> npt.NDArray[np.int64]:
    """Return the input that each tap meets at each place, `(taps, places)`; -1 for padding."""
    inputs = np.add.outer(np.arange(taps) * dilation, np.arange(places) * stride - padding[0])
    return np.where((inputs >= 0) & (inputs < size), inputs, -1)


def _met(size: int, *axis: Any) -> npt.NDArray[np.int64]:
    """Return whether each tap meets each input along one axis at some place, `(taps, size)`."""
    reached = _reached(size, *axis)
    met = np.zeros((len(reached), size), np.int64)
    for tap, inputs in enumerate(reached):
        met[tap, inputs[inputs >= 0]] = 1
    return met


def synapse_of(stage: Stage) -> Synapse:
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
