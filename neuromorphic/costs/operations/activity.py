"""Run a graph on one signal and count which products have a zero factor or are mere sums."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from neuromorphic.costs.operations.connections import KINDS, dense, effective
from neuromorphic.costs.operations.operators import MOVERS, VIEWS, listeners
from neuromorphic.costs.operations.shapes import Shape, ShapedGraph, evaluated, shaped
from runtime.errors import BundleError, one_line

Array = npt.NDArray[Any]
Feed = Mapping[str, Array]
Run = Callable[[Feed], Feed]


@dataclass(frozen=True)
class Activity:
    """The operator that makes `output`: its `dense` products, and those with no zero factor.

    The latter count as `accumulates` if every input is -1, 0 or 1, so that a product is the weight
    or its negative, and otherwise as `macs`; this is NeuroBench's distinction, for whole tensors.
    `inputs` values arrive, of which `active` are non-zero; of `weights`, `connections` are
    non-zero.
    """

    output: str
    dense: int
    macs: int
    accumulates: int
    inputs: int
    active: int
    weights: int
    connections: int


def activity(path: Path, feed: Feed) -> tuple[Activity, ...]:
    """Run the graph at `path` on `feed` and count all its products.

    Raises `GraphError` when the graph's shapes cannot be inferred, `BundleError` when it fails.
    """
    return watcher(path)(feed)


def watcher(path: Path) -> Callable[[Feed], tuple[Activity, ...]]:
    """Return `activity` as a function of the feed, with the graph loaded only once."""
    graphs: dict[tuple[tuple[str, Shape], ...], ShapedGraph] = {}
    runs: list[Run] = []

    def watch(feed: Feed) -> tuple[Activity, ...]:
        shapes = tuple((name, value.shape) for name, value in feed.items())
        if shapes not in graphs:
            graphs[shapes] = shaped(path, dict(shapes))
        graph = graphs[shapes]
        nodes = [node for node in graph.nodes if node.op_type in KINDS]
        nodes = [node for node in nodes if node.output[0] not in graph.constants]
        if not runs:
            runs.append(_runner(path, _unknown(nodes, graph, feed)))
        known = {**graph.constants, **feed, **runs[0](feed)}
        return tuple(_watched(graph, node, known) for node in nodes)

    return watch


def heard(
    path: Path, shapes: Mapping[str, Shape], port: str, values: Array
) -> tuple[Activity, ...]:
    """Return the activity of the first operators that take the input `port`, for it alone.

    It may reach them rearranged, or beside other channels, whose products are not counted.
    """
    graph = shaped(path, shapes)
    # With an input of ones, to count all its products.
    moved, ones = (_moved(graph, port, v) for v in (values, np.ones_like(values)))
    found = []
    for node in listeners(graph, port):
        name, weight = node.input[0], graph.constants.get(node.input[1])
        if name not in moved or weight is None:
            continue
        seen = _watched(graph, node, {**graph.constants, **moved})
        whole = effective(node, (ones[name], np.ones_like(weight)), graph.shapes[node.output[0]])
        arriving = int(np.count_nonzero(ones[name]))
        found.append(replace(seen, dense=whole, inputs=arriving))
    return tuple(found)


def _moved(graph: ShapedGraph, port: str, values: Array) -> dict[str, Array]:
    """Return an input and all rearranged copies of it, with zeros for whatever joins it."""
    found: dict[str, Array] = {port: values}
    for node in graph.nodes:
        if node.op_type not in VIEWS + MOVERS or not found.keys() & set(node.input):
            continue
        if node.op_type == "Shape" or node.output[0] in graph.constants:
            continue
        given = {name: np.zeros(graph.shapes[name], values.dtype) for name in node.input if name}
        given |= {name: graph.constants[name] for name in node.input if name in graph.constants}
        given |= {name: found[name] for name in node.input if name in found}
        found |= evaluated(node, graph.opset, given)
    return found


def _unknown(nodes: Iterable[onnx.NodeProto], graph: ShapedGraph, feed: Feed) -> set[str]:
    names = {name for node in nodes for name in node.input[:2]}
    return names - graph.constants.keys() - feed.keys()


def _watched(graph: ShapedGraph, node: onnx.NodeProto, known: Feed) -> Activity:
    given = tuple(known[name] for name in node.input[:2])
    # MatMul may have its weights first, so the input is the operand that is not constant.
    first, second = given if node.input[0] not in graph.constants else given[::-1]
    out = graph.shapes[node.output[0]]
    met = effective(node, given, out)
    sums = bool(np.isin(first, (-1, 0, 1)).all())
    return Activity(
        node.output[0],
        dense(node, tuple(value.shape for value in given), out),
        macs=0 if sums else met,
        accumulates=met if sums else 0,
        inputs=first.size,
        active=int(np.count_nonzero(first)),
        weights=second.size,
        connections=int(np.count_nonzero(second)),
    )


def _runner(path: Path, names: set[str]) -> Run:
    """Return a function from a graph's feed to the values of its tensors `names`."""
    if not names:
        return lambda feed: {}
    import onnxruntime

    wanted = sorted(names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        model = _leading_to(onnx.load(path), wanted)
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    except Exception as error:  # onnxruntime raises many classes of errors
        raise BundleError(f"{path}: cannot be loaded ({one_line(error)})") from error
    taken = {port.name for port in session.get_inputs()}

    def run(feed: Feed) -> Feed:
        given = {name: value for name, value in feed.items() if name in taken}
        try:
            return dict(zip(wanted, session.run(wanted, given), strict=True))
        except Exception as error:
            raise BundleError(f"{path}: fails to run ({one_line(error)})") from error

    return run


def _leading_to(model: onnx.ModelProto, wanted: Iterable[str]) -> onnx.ModelProto:
    """Reduce a model to what is needed to compute the tensors `wanted`."""
    graph, needed, kept = model.graph, set(wanted), []
    for node in reversed(graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed |= set(node.input)
    inputs = [port for port in graph.input if port.name in needed]
    for field in (graph.node, graph.input, graph.output):
        del field[:]
    graph.node.extend(reversed(kept))
    graph.input.extend(inputs)
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    return model
