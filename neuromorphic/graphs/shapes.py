"""The output shape of each kind of node for an input shape; shapes do not include time."""

from collections.abc import Sequence
from math import prod
from typing import Any

import nir
import numpy as np

from runtime.errors import GraphError

Shape = tuple[int, ...]
Padding = tuple[tuple[int, int], ...]

LARGEST = 2**26  # the most values of a node's input or output in one step
CONVOLUTIONS = (nir.Conv1d, nir.Conv2d)
POOLS = (nir.SumPool2d, nir.AvgPool2d)


def output_shape(name: str, node: nir.NIRNode, given: Shape) -> Shape:
    """Return the shape of a step's output of `node` for an input of shape `given`.

    Raises `GraphError`, naming the node, when the shape does not fit its parameters.
    """
    match node:
        case nir.Affine() | nir.Linear():
            shape = _product(name, node, given)
        case nir.Conv1d() | nir.Conv2d():
            shape = _convolution(name, node, given)
        case nir.SumPool2d() | nir.AvgPool2d():
            shape = _pool(name, node, given)
        case nir.Flatten():
            shape = _flat(name, node, given)
        case _:
            shape = given
    if prod(shape) > LARGEST:
        raise GraphError(f"node {name!r}: puts out {shape} values a step; {LARGEST} at most")
    return shape


def declared_shape(name: str, shape: Any) -> Shape:
    """Return the shape that an Input, an Output or a Flatten declares."""
    sizes = np.ravel(np.asarray(shape))
    if not sizes.size or sizes.dtype.kind not in "iu" or (sizes < 1).any():
        raise GraphError(f"node {name!r}: shape is {sizes.tolist()}; positive sizes are needed")
    return tuple(map(int, sizes))


def padding(node: nir.Conv1d | nir.Conv2d) -> Padding:
    """Return how many zeros a convolution adds before and after each spatial axis."""
    axes = node.weight.ndim - 2
    if (
        isinstance(node.padding, str) and node.padding == "same"
    ):  # with an odd number, the extra zero goes last, as in torch
        taps = np.array(node.weight.shape[2:]) - 1
        spans = [int(span) for span in _spread(node.dilation, axes) * taps]
        return tuple((span // 2, span - span // 2) for span in spans)
    if isinstance(node.padding, str):
        return ((0, 0),) * axes
    return tuple((int(width), int(width)) for width in _spread(node.padding, axes))


def by_axis(value: Any, axes: int) -> Shape:
    """Return a stride, dilation or size for each spatial axis; a single number is used for all."""
    return tuple(map(int, _spread(value, axes)))


def flat_dimensions(node: nir.Flatten, dimensions: int) -> tuple[int, int]:
    """Return the first and the last dimension that a Flatten joins, counted from 0, without time.

    Its own indices count the declared dimensions, and the first of these may be a batch, which the
    input does not have. Raises `IndexError` when there is no such dimension.
    """
    declared = node.input_type["input"]
    more = 0 if declared is None else max(0, np.size(declared) - dimensions)
    first, last = (int(np.ravel(dim)[0]) for dim in (node.start_dim, node.end_dim))
    first, last = (max(0, dim - more) if dim >= 0 else dim for dim in (first, last))
    return range(dimensions)[first], range(dimensions)[last]


def _spread(value: Any, axes: int) -> np.ndarray[Any, Any]:
    return np.broadcast_to(np.ravel(value), axes)


def _product(name: str, node: nir.Affine | nir.Linear, given: Shape) -> Shape:
    if node.weight.ndim != 2 or not node.weight.size or node.weight.shape[1:] != given:
        raise GraphError(f"node {name!r}: weight is {node.weight.shape}, it gets {given}")
    return (int(node.weight.shape[0]),)


def _convolution(name: str, node: nir.Conv1d | nir.Conv2d, given: Shape) -> Shape:
    axes = 1 if isinstance(node, nir.Conv1d) else 2
    kernel, places = ("K", "N") if axes == 1 else ("K_y, K_x", "Y, X")
    groups = whole(name, "groups", node.groups, 1)
    for field in ("stride", "dilation"):
        _require_whole(name, field, getattr(node, field), 1, axes)
    if not isinstance(node.padding, str):
        _require_whole(name, "padding", node.padding, 0, axes)
    if node.weight.ndim != 2 + axes or not node.weight.size or node.weight.shape[0] % groups:
        raise GraphError(
            f"node {name!r}: weight is {node.weight.shape} in {groups} groups; "
            f"(C_out, C_in / groups, {kernel}) is needed"
        )
    channels = int(node.weight.shape[1]) * groups
    if len(given) != 1 + axes or given[0] != channels:
        raise GraphError(f"node {name!r}: takes ({channels}, {places}), gets {given}")
    declared = node.input_shape
    if declared is not None:
        _require_whole(name, "input_shape", declared, 1, axes)
        if by_axis(declared, axes) != given[1:]:
            raise GraphError(f"node {name!r}: input_shape is {declared}, it gets {given}")
    stride = by_axis(node.stride, axes)
    if isinstance(node.padding, str) and node.padding == "same" and set(stride) != {1}:
        raise GraphError(f"node {name!r}: padding 'same' has no meaning at stride {node.stride}")
    dilation = by_axis(node.dilation, axes)
    made = _places(name, given, node.weight.shape[2:], padding(node), stride, dilation)
    return int(node.weight.shape[0]), *made


def _pool(name: str, node: nir.SumPool2d | nir.AvgPool2d, given: Shape) -> Shape:
    if len(given) != 3:
        raise GraphError(f"node {name!r}: takes (C, Y, X), gets {given}")
    for field, least in (("kernel_size", 1), ("stride", 1), ("padding", 0)):
        _require_whole(name, field, getattr(node, field), least, 2)
    around = tuple((width, width) for width in by_axis(node.padding, 2))
    places = _places(
        name, given, by_axis(node.kernel_size, 2), around, by_axis(node.stride, 2), (1, 1)
    )
    return given[0], *places


def _places(
    name: str, given: Shape, taps: Sequence[int], around: Padding, stride: Shape, dilation: Shape
) -> Shape:
    lengths = [size + sum(ends) for size, ends in zip(given[1:], around, strict=True)]
    reaches = [step * (int(k) - 1) + 1 for step, k in zip(dilation, taps, strict=True)]
    for length, reach in zip(lengths, reaches, strict=True):
        if not reach <= length <= LARGEST:
            raise GraphError(f"node {name!r}: its kernel reaches over {reach} of {length} values")
    return tuple((n - reach) // s + 1 for n, reach, s in zip(lengths, reaches, stride, strict=True))


def _flat(name: str, node: nir.Flatten, given: Shape) -> Shape:
    declared = node.input_type["input"]
    # A declared batch dimension is not part of the input; see `graph`.
    if declared is not None and declared_shape(name, declared)[-len(given) :] != given:
        raise GraphError(f"node {name!r}: takes {declared_shape(name, declared)}, gets {given}")
    try:
        first, last = flat_dimensions(node, len(given))
    except (IndexError, TypeError, ValueError):
        first, last = 1, 0
    if first > last:
        raise GraphError(
            f"node {name!r}: start_dim {node.start_dim} and end_dim {node.end_dim} do not fit "
            f"the {len(given)} dimensions of {given}"
        )
    return (*given[:first], prod(given[first : last + 1]), *given[last + 1 :])


def _require_whole(name: str, field: str, value: Any, least: int, axes: int) -> None:
    array = np.ravel(np.asarray(value))
    if array.size not in (1, axes) or array.dtype.kind not in "iu" or (array < least).any():
        shown = np.asarray(value).tolist()
        raise GraphError(f"node {name!r}: {field} is {shown!r}; whole numbers from {least} on")


def whole(name: str, field: str, value: Any, least: int) -> int:
    """Return a parameter as an integer; raises `GraphError` unless it is one and >= `least`."""
    _require_whole(name, field, value, least, 1)
    return int(np.ravel(value)[0])
