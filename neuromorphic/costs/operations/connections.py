"""Multiply-accumulates of one operator: all of them, and those without a zero factor."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from neuromorphic.costs.operations.shapes import Shape

Array = npt.NDArray[Any]
KINDS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def dense(node: onnx.NodeProto, given: tuple[Shape, ...], out: Shape) -> int:
    """Return how many products of inputs and weights `node` sums, not counting padding.

    `given` are the shapes of its inputs, `out` is that of its output; a bias is not counted. For
    the operators that NeuroBench 2.3 knows, this is what it calls dense.
    """
    first, second = given[:2]
    if node.op_type in ("MatMul", "Gemm"):
        return prod(out) * (first[-2] if _number(node, "transA", 0) else first[-1])
    pairs = prod(second[:2])  # pairs of input and output channels, within their groups
    positions = sum(prod(len(range(*s)) for s in taps) for _, taps in _taps(node, given, out))
    return first[0] * pairs * positions


def effective(node: onnx.NodeProto, given: tuple[Array, ...], out: Shape) -> int:
    """Return how many of the products of `dense` have no zero factor.

    `given` are the values of the inputs, `out` the shape of the output.
    """
    first, second = (np.asarray(value) != 0 for value in given[:2])
    if node.op_type in ("MatMul", "Gemm"):
        first = first.T if _number(node, "transA", 0) else np.atleast_2d(first)
        second = second.T if _number(node, "transB", 0) else second
        second = second[:, None] if second.ndim == 1 else second
        return _paired(first.sum(-2), second.sum(-1))
    groups = _number(node, "group", 1)
    total = 0
    for tap, spans in _taps(node, (first.shape, second.shape), out):
        window = first[(slice(None), slice(None), *(slice(*span) for span in spans))]
        arriving = window.sum(axis=(0, *range(2, window.ndim)))  # (channels in,)
        weights = second[(slice(None), slice(None), *tap)]
        if node.op_type == "Conv":  # (out, in / groups)
            leaving = weights.reshape(groups, -1, weights.shape[1]).sum(axis=1).ravel()
        else:  # (in, out / groups)
            leaving = weights.sum(axis=1)
        total += _paired(arriving, leaving)
    return total


def _taps(
    node: onnx.NodeProto, given: tuple[Shape, ...], out: Shape
) -> Iterator[tuple[tuple[int, ...], tuple[tuple[int, int, int], ...]]]:
    """Yield each tap of a kernel with (start, stop, step), per axis, of the inputs it meets.

    Inputs in the padding, or whose product falls outside the output, are left out.
    """
    lengths, kernel, outs = given[0][2:], given[1][2:], out[2:]
    axes = range(len(kernel))
    ones = [1] * len(kernel)
    strides, dilations = (_numbers(node, key, ones) for key in ("strides", "dilations"))
    pads = _pads(node, lengths, kernel, outs, strides, dilations)
    for tap in product(*(range(size) for size in kernel)):
        offsets = [tap[a] * dilations[a] - pads[a] for a in axes]
        if node.op_type == "Conv":  # input = output * stride + offset
            spans = [_span(offsets[a], outs[a], strides[a], lengths[a]) for a in axes]
        else:  # output = input * stride + offset
            spans = [_reached(offsets[a], lengths[a], strides[a], outs[a]) for a in axes]
        yield tap, tuple(spans)


def _span(offset: int, count: int, step: int, length: int) -> tuple[int, int, int]:
    """Return those inputs `offset + step * i`, `i < count`, that lie in `0..length`."""
    first = max(0, -(offset // step))
    last = min(count, -(-(length - offset) // step))
    return (offset + step * first, offset + step * max(last, first), step)


def _reached(offset: int, count: int, step: int, length: int) -> tuple[int, int, int]:
    """Return those inputs `i < count` whose output `offset + step * i` lies in `0..length`."""
    first = max(0, -(offset // step))
    return (first, max(min(count, -(-(length - offset) // step)), first), 1)


def _pads(
    node: onnx.NodeProto,
    lengths: Shape,
    kernel: Shape,
    outs: Shape,
    strides: list[int],
    dilations: list[int],
) -> list[int]:
    """Return the padding before each axis; automatic padding follows from the output's length."""
    automatic = attribute(node, "auto_pad", b"NOTSET").decode()
    if not automatic.startswith("SAME"):
        return _numbers(node, "pads", [0] * 2 * len(kernel))[: len(kernel)]
    pads = []
    for axis, size in enumerate(kernel):
        short, long = sorted((lengths[axis], outs[axis]))
        reach = (size - 1) * dilations[axis] + 1
        whole = max((short - 1) * strides[axis] + reach - long, 0)
        pads.append(whole // 2 if automatic == "SAME_UPPER" else whole - whole // 2)
    return pads


def _paired(one: Array, other: Array) -> int:
    return int((one.astype(np.int64) * other.astype(np.int64)).sum())


def attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    """Return an attribute of a node, or `default` if it does not have it."""
    found = [entry for entry in node.attribute if entry.name == name]
    return onnx.helper.get_attribute_value(found[0]) if found else default


def _number(node: onnx.NodeProto, name: str, default: int) -> int:
    return int(attribute(node, name, default))


def _numbers(node: onnx.NodeProto, name: str, default: list[int]) -> list[int]:
    return [int(value) for value in attribute(node, name, default)]
