"""Two-dimensional convolutions written out as individual weights, without zeros."""

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from neuromorphic.graphs.sparse import Sparse
from runtime.errors import GraphError

LARGEST = 2**26  # the most weights, once written out

Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Geometry:
    """A convolution of values `shape (C, H, W)`; pairs are (rows, columns)."""

    shape: tuple[int, ...]
    stride: tuple[int, int]
    padding: tuple[int, int]
    dilation: tuple[int, int]
    groups: int


def convolution(weight: Whole, geometry: Geometry) -> tuple[Sparse, tuple[int, ...]]:
    """Return the cross-correlation with `weight (C_out, C_in / groups, H, W)` and its output shape.

    The output shape is `(C_out, rows, columns)`. Raises `GraphError` when the shapes do not fit, or
    there are too many weights.
    """
    _require_fitting(weight, geometry)
    channels, *size = geometry.shape
    axes = zip(
        size, weight.shape[2:], geometry.stride, geometry.padding, geometry.dilation, strict=True
    )
    met = [_met(*axis) for axis in axes]
    places = tuple(len(axis) for axis in met)
    if min(places) < 1:
        raise GraphError(f"its kernel {weight.shape[2:]} is larger than {tuple(size)} with padding")
    if int(np.count_nonzero(weight)) * prod(places) > LARGEST:
        raise GraphError(f"shares out more than {LARGEST} weights")
    a_group = len(weight) // geometry.groups
    rows, columns, values = [], [], []
    for out, within, y, x in np.argwhere(weight):
        channel = out // a_group * weight.shape[1] + within
        inside = np.add.outer(met[0][:, y] * size[1], met[1][:, x])
        there = np.logical_and.outer(met[0][:, y] >= 0, met[1][:, x] >= 0)
        rows.append(out * prod(places) + np.flatnonzero(there))
        columns.append(channel * prod(size) + inside[there])
        values.append(np.full(int(there.sum()), weight[out, within, y, x], np.int32))
    empty = [np.zeros(0, np.int32)]
    given = np.concatenate(values or empty)
    where = np.concatenate(rows or empty), np.concatenate(columns or empty)
    matrix = csr_array((given, where), (len(weight) * prod(places), channels * prod(size)))
    return Sparse(matrix, is_convolution=True), (len(weight), *places)


def _met(size: int, taps: int, stride: int, padding: int, dilation: int) -> Whole:
    """Return which input each tap meets at each position, `(places, taps)`; -1 in the padding."""
    count = (size + 2 * padding - dilation * (taps - 1) - 1) // stride + 1
    met = np.add.outer(np.arange(count) * stride - padding, np.arange(taps) * dilation)
    return np.where((met >= 0) & (met < size), met, -1)


def _require_fitting(weight: Whole, geometry: Geometry) -> None:
    if weight.ndim != 4 or not weight.size:
        raise GraphError(f"weight is {weight.shape}; (C_out, C_in, H, W) is needed")
    channels, groups = geometry.shape[0], geometry.groups
    if min(*geometry.stride, *geometry.dilation, groups) < 1 or min(geometry.padding) < 0:
        raise GraphError(
            f"has stride {geometry.stride}, dilation {geometry.dilation}, padding "
            f"{geometry.padding} and {groups} groups"
        )
    if weight.shape[1] * groups != channels or len(weight) % groups:
        raise GraphError(
            f"weight is {weight.shape} in {groups} groups, which does not fit {channels} channels"
        )
