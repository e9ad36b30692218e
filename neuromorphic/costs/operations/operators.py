"""Count every operator of an ONNX graph at one length exactly, or mark it as unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import onnx

from neuromorphic.costs.operations.connections import KINDS, attribute, dense
from neuromorphic.costs.operations.shapes import Shape, ShapedGraph

COUNTED, MOVES, FREE, CONSTANT, UNKNOWN = "counted", "moves data", "free", "constant", "unknown"

SIMPLE = (
    "Abs", "Add", "And", "Ceil", "Equal", "Floor", "Greater", "GreaterOrEqual", "Less",
    "LessOrEqual", "Max", "Min", "Mul", "Neg", "Not", "Or", "Relu",
    "Round", "Sign", "Sub", "Where", "Xor",
)  # fmt: skip
FUNCTIONS = (
    "Cos", "Div", "Elu", "Erf", "Exp", "Gelu", "Log", "Pow", "Reciprocal", "Sigmoid", "Sin",
    "Softplus", "Softsign", "Sqrt", "Tan", "Tanh",
)  # fmt: skip
POOLS = ("AveragePool", "MaxPool")  # a sum or a comparison for each value of a window
NORMS = ("InstanceNormalization", "GroupNormalization", "LayerNormalization")
MOVERS = (
    "Cast", "Concat", "Expand", "Gather", "GatherElements", "OneHot", "Pad", "Range", "Resize",
    "Slice", "Split", "Tile", "Transpose",
)  # fmt: skip
VIEWS = (
    "ConstantOfShape", "Flatten", "Identity", "Reshape", "Shape", "Size", "Squeeze", "Unsqueeze",
)  # fmt: skip
# Sums, products and comparisons per output value and per input value; then functions per output
# value, that is everything else, such as an exponential, a root or a quotient.
RULES: Mapping[str, tuple[int, int, int]] = {
    **dict.fromkeys(SIMPLE, (1, 0, 0)),
    **dict.fromkeys(("BatchNormalization", "Clip", "HardSigmoid", "LeakyRelu"), (2, 0, 0)),
    **dict.fromkeys(FUNCTIONS, (0, 0, 1)),
    **dict.fromkeys(("GlobalAveragePool", "ReduceMean"), (1, 1, 0)),
    **dict.fromkeys(("ReduceMax", "ReduceMin", "ReduceSum", "ReduceSumSquare"), (0, 1, 0)),
    "ReduceL2": (0, 2, 1),
    "Softmax": (3, 0, 2),  # the largest, each less it, their sum; an exponential and a quotient
    # Mean, difference, square and sum, scale, shift; and a root and a quotient for each group.
    **dict.fromkeys(NORMS, (6, 0, 0)),
}


@dataclass(frozen=True)
class Operator:
    """One operator, run once at one length; every number is exact.

    `output`: the tensor it makes, which identifies it. `layer`: the weight it is named after, or
    the node's name. `kind`: its ONNX type. `verdict`: COUNTED, MOVES (it only moves bytes), FREE (a
    view of the same bytes), CONSTANT (computed once, when the graph is loaded) or UNKNOWN.
    `macs`: products with weights or between activations. `arithmetic`: other sums, products and
    comparisons. `functions`: values of exponentials, roots, quotients and the like. `weight_bytes`:
    bytes of weights, each read once. `read_bytes`, `written_bytes`: bytes of activations. `units`:
    output values of a layer with weights, each counted as a neuron.
    """

    output: str
    layer: str
    kind: str
    verdict: str
    macs: int = 0
    arithmetic: int = 0
    functions: int = 0
    weight_bytes: int = 0
    read_bytes: int = 0
    written_bytes: int = 0
    units: int = 0


def operators_of(graph: ShapedGraph) -> tuple[Operator, ...]:
    """Count every node of a graph whose shapes are known."""
    layers = _layers(graph)
    return tuple(_operator(graph, *pair) for pair in zip(graph.nodes, layers, strict=True))


def coverage(operators: Sequence[Operator]) -> dict[str, int]:
    """Return the number of operators with each verdict."""
    verdicts = [entry.verdict for entry in operators]
    return {v: verdicts.count(v) for v in (COUNTED, MOVES, FREE, CONSTANT, UNKNOWN)}


def downstream(graph: ShapedGraph, tensor: str) -> frozenset[str]:
    """Return the first outputs of the nodes that depend on a tensor."""
    reached, found = {tensor}, []
    for node in graph.nodes:
        if reached & set(node.input) and node.output[0] not in graph.constants:
            reached |= set(node.output)
            found.append(node.output[0])
    return frozenset(found)


def listeners(graph: ShapedGraph, tensor: str) -> tuple[onnx.NodeProto, ...]:
    """Return the nodes with weights that take a tensor as it is, or rearranged but unchanged."""
    same, found = {tensor}, []
    for node in graph.nodes:
        if not same & set(node.input) or node.output[0] in graph.constants:
            continue
        if node.op_type in VIEWS + MOVERS:
            same |= set(node.output)
        elif node.op_type in KINDS:
            found.append(node)
    return tuple(found)


def _operator(graph: ShapedGraph, node: onnx.NodeProto, layer: str) -> Operator:
    names = [name for name in node.input if name]
    written = [name for name in node.output if name]
    given = tuple(graph.shapes[name] for name in names)
    out = graph.shapes[node.output[0]]
    if node.output[0] in graph.constants:
        return Operator(node.output[0], layer, node.op_type, CONSTANT)
    if node.op_type in VIEWS:
        return Operator(node.output[0], layer, node.op_type, FREE)
    counts = _counts(node, given, out)
    if counts is None:
        return Operator(node.output[0], layer, node.op_type, UNKNOWN)
    weights = [name for name in names if name in graph.constants]
    return Operator(
        node.output[0],
        layer,
        node.op_type,
        MOVES if node.op_type in MOVERS else COUNTED,
        *counts,
        weight_bytes=_bytes(graph, weights),
        read_bytes=_bytes(graph, [name for name in names if name not in weights]),
        written_bytes=_bytes(graph, written),
        units=prod(out) if node.op_type in KINDS and weights else 0,
    )


def _counts(
    node: onnx.NodeProto, given: tuple[Shape, ...], out: Shape
) -> tuple[int, int, int] | None:
    """Return macs, arithmetic and functions, or None for an operator without a rule."""
    kind, values = node.op_type, prod(out)
    if node.domain not in ("", "ai.onnx"):
        return None
    if kind in KINDS:
        return dense(node, given, out), values if len(given) > 2 else 0, 0
    if kind in MOVERS:
        return 0, 0, 0
    if kind in POOLS:
        return 0, values * prod(attribute(node, "kernel_shape", (1,))), 0
    if kind not in RULES:
        return None
    each, arriving, functions = RULES[kind]
    groups = _groups(node, given[0]) if kind in NORMS else 0
    return 0, each * values + arriving * prod(given[0]), functions * values + 2 * groups


def _groups(node: onnx.NodeProto, shape: Shape) -> int:
    """Return how many means and deviations a normalisation computes."""
    if node.op_type == "LayerNormalization":
        return prod(shape[: attribute(node, "axis", -1)])
    if node.op_type == "GroupNormalization":
        return shape[0] * int(attribute(node, "num_groups", 1))
    return prod(shape[:2])


def _layers(graph: ShapedGraph) -> list[str]:
    """Name each node after its weight, if it has one, looking through casts; drop the suffix."""
    made = {out: node for node in graph.nodes for out in node.output}

    def weight(name: str) -> str:
        while not name.endswith(".weight") and name in graph.constants and name in made:
            name = next(iter(made[name].input), "")
        return name.removesuffix(".weight") if name.endswith(".weight") else ""

    return [
        next(map(weight, node.input[1:2]), "") or node.name or node.output[0]
        for node in graph.nodes
    ]


def _bytes(graph: ShapedGraph, names: Sequence[str]) -> int:
    return sum(prod(graph.shapes[name]) * graph.item_bytes[name] for name in names)
