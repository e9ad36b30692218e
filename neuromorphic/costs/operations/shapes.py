"""An ONNX graph at one length: its nodes in order, the shape of every tensor, its constants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx.reference import ReferenceEvaluator

from runtime.errors import GraphError, one_line

Shape = tuple[int, ...]
Constants = dict[str, npt.NDArray[Any]]
Tensors = dict[str, tuple[Shape | None, int]]  # shape, and bytes per item


@dataclass(frozen=True, eq=False)
class ShapedGraph:
    """Nodes in the order they run in, and the shape and bytes per item of each tensor.

    `constants` holds what does not depend on the inputs: weights, and what is computed once, when
    the graph is loaded, from weights or shapes.
    """

    nodes: tuple[onnx.NodeProto, ...]
    shapes: Mapping[str, Shape]
    item_bytes: Mapping[str, int]
    constants: Mapping[str, npt.NDArray[Any]]
    opset: int


def shaped(path: Path, inputs: Mapping[str, Sequence[int]]) -> ShapedGraph:
    """Read the graph at `path` for inputs of the given shapes.

    Raises `GraphError`, naming the file, when it is not an ONNX graph, has other inputs, or when
    the shape of a tensor cannot be known without running it.
    """
    try:
        model = onnx.load(path)
        nodes = tuple(model.graph.node)
        _fix(model, {name: tuple(shape) for name, shape in inputs.items()})
        constants, tensors = _folded(model)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error
    except Exception as error:  # onnx and protobuf raise many classes of errors
        raise GraphError(
            f"{path}: is not a graph whose shapes onnx can infer ({one_line(error)})"
        ) from error
    shapes: dict[str, Shape] = {}
    for node in nodes:
        for name in (*node.input, *node.output):
            shape = constants[name].shape if name in constants else tensors.get(name, (None, 0))[0]
            if shape is not None:
                shapes[name] = shape
            elif name:
                raise GraphError(f"{path}: {node.op_type} {node.name} has tensors of unknown shape")
    sizes = {name: size for name, (_, size) in tensors.items()}
    sizes |= {name: value.itemsize for name, value in constants.items()}
    return ShapedGraph(nodes, shapes, sizes, constants, opset_of(model))


def _fix(model: onnx.ModelProto, inputs: Mapping[str, Shape]) -> None:
    """Set the shapes of the graph's inputs, and forget the shapes it states for its outputs."""
    weights = {tensor.name for tensor in model.graph.initializer}
    ports = {port.name: port.type.tensor_type for port in model.graph.input}
    if ports.keys() - weights != inputs.keys():
        raise GraphError(f"has the inputs {sorted(ports.keys() - weights)}, not {sorted(inputs)}")
    for name, shape in inputs.items():
        dims = ports[name].shape.dim
        if len(dims) != len(shape):
            raise GraphError(f"input {name} has {len(dims)} dimensions, not {len(shape)}")
        for dim, size in zip(dims, shape, strict=True):
            dim.dim_value = size
    for port in model.graph.output:
        port.type.tensor_type.ClearField("shape")


def _folded(model: onnx.ModelProto) -> tuple[Constants, Tensors]:
    """Fold constants into `model` until there are no more to fold.

    onnx infers shapes, but does not always propagate a computed length to where it is used.
    """
    opset = opset_of(model)
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
    while True:
        inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
        tensors = _tensors(inferred.graph)
        found: Constants = {}
        for node in model.graph.node:
            found |= _evaluated(node, opset, tensors, constants | found)
        if not found:
            return constants, tensors
        constants |= found
        left = [node for node in model.graph.node if node.output[0] not in found]
        del model.graph.node[:]
        model.graph.node.extend(left)
        model.graph.initializer.extend(
            onnx.numpy_helper.from_array(value, name) for name, value in found.items()
        )


def _evaluated(
    node: onnx.NodeProto, opset: int, tensors: Tensors, constants: Constants
) -> Constants:
    """Return the outputs of a node whose inputs are constant, or of Shape of a known shape."""
    given = {name: constants[name] for name in node.input if name in constants}
    if node.op_type == "Shape":
        shape = tensors.get(node.input[0], (None, 0))[0]
        if shape is None:
            return {}
        given = {node.input[0]: np.broadcast_to(np.float32(0), shape)}
    if not all(name in given for name in node.input if name):
        return {}
    return evaluated(node, opset, given)


def evaluated(node: onnx.NodeProto, opset: int, given: Mapping[str, Any]) -> Constants:
    """Return the outputs of one node for the values of its inputs."""
    values = ReferenceEvaluator(node, opsets={"": opset}).run(None, dict(given))
    return {name: np.asarray(v) for name, v in zip(node.output, values, strict=True) if name}


def opset_of(model: onnx.ModelProto) -> int:
    """Return the version of ONNX's standard operators that a model uses."""
    return next((entry.version for entry in model.opset_import if not entry.domain), 1)


def _tensors(graph: onnx.GraphProto) -> Tensors:
    ports = (*graph.input, *graph.value_info, *graph.output)
    return {port.name: _tensor(port.type.tensor_type) for port in ports}


def _tensor(kind: onnx.TypeProto.Tensor) -> tuple[Shape | None, int]:
    known = kind.HasField("shape") and all(dim.HasField("dim_value") for dim in kind.shape.dim)
    shape = tuple(dim.dim_value for dim in kind.shape.dim) if known else None
    return shape, onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).itemsize
