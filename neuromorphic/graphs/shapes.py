"""What shape each kind of node makes of the shape that it is given; time is no part of shapes."""

from math import prod
from typing import Any

import nir
import numpy as np

from runtime.errors import GraphError

Shape = tuple[int, ...]

LARGEST = 2**26  # values that one node takes or gives in one step


def output_shape(name: str, node: nir.NIRNode, given: Shape) -> Shape:
    """Return what `node` puts out a step where it is given `given`.

    Raises `GraphError`, naming the node, when the shape does not fit its parameters.
    """
    match node:
        case nir.Output():
            shape = declared_shape(name, node.output_type["output"])
            if shape != given:
                raise GraphError(f"node {name!r}: takes {shape}, gets {given}")
        case nir.Affine() | nir.Linear():
            shape = _product(name, node, given)
        case nir.Conv1d():
            shape = _convolution(name, node, given)
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


def padding(node: nir.Conv1d) -> tuple[int, int]:
    """Return the zeros that a Conv1d puts before and after its input."""
    if node.padding == "same":  # the longer end comes last, as in torch
        whole = int(np.ravel(node.dilation)[0]) * (node.weight.shape[2] - 1)
        return whole // 2, whole - whole // 2
    width = 0 if node.padding == "valid" else int(np.ravel(node.padding)[0])
    return width, width


def flat_dimensions(node: nir.Flatten, dimensions: int) -> tuple[int, int]:
    """Return the first and the last dimension that a Flatten joins, counted from 0, without time.

    Raises `IndexError` where there is no such dimension.
    """
    first, last = (
        range(dimensions)[int(np.ravel(dim)[0])] for dim in (node.start_dim, node.end_dim)
    )
    return first, last


def _product(name: str, node: nir.Affine | nir.Linear, given: Shape) -> Shape:
    if node.weight.ndim != 2 or not node.weight.size or node.weight.shape[1:] != given:
        raise GraphError(f"node {name!r}: weight is {node.weight.shape}, it gets {given}")
    return (int(node.weight.shape[0]),)


def _convolution(name: str, node: nir.Conv1d, given: Shape) -> Shape:
    stride, dilation, groups = (
        whole(name, field, getattr(node, field), 1) for field in ("stride", "dilation", "groups")
    )
    if not isinstance(node.padding, str):
        whole(name, "padding", node.padding, 0)
    if node.weight.ndim != 3 or not node.weight.size or node.weight.shape[0] % groups:
        raise GraphError(
            f"node {name!r}: weight is {node.weight.shape} in {groups} groups; "
            "(C_out, C_in / groups, K) is needed"
        )
    channels = int(node.weight.shape[1]) * groups
    if len(given) != 2 or given[0] != channels:
        raise GraphError(f"node {name!r}: takes ({channels}, N), gets {given}")
    if node.input_shape is not None and whole(name, "input_shape", node.input_shape, 1) != given[1]:
        raise GraphError(f"node {name!r}: input_shape is {node.input_shape}, it gets {given}")
    if node.padding == "same" and stride != 1:
        raise GraphError(f"node {name!r}: padding 'same' has no meaning at stride {stride}")
    length = given[1] + sum(padding(node))
    reach = dilation * (int(node.weight.shape[2]) - 1) + 1
    if not reach <= length <= LARGEST:
        raise GraphError(f"node {name!r}: its kernel reaches over {reach} of {length} values")
    return int(node.weight.shape[0]), (length - reach) // stride + 1


def _flat(name: str, node: nir.Flatten, given: Shape) -> Shape:
    declared = node.input_type["input"]
    if declared is not None and declared_shape(name, declared) != given:
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


def whole(name: str, field: str, value: Any, least: int) -> int:
    """Return a parameter that is one whole number from `least` on; raises `GraphError`."""
    array = np.ravel(np.asarray(value))
    if array.size != 1 or array.dtype.kind not in "iu" or array[0] < least:
        raise GraphError(f"node {name!r}: {field} is {value!r}; a number from {least} on is needed")
    return int(array[0])
