"""What graphs do with one signal: which products meet a zero, and which are sums alone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

from neuromorphic.operations.connections import KINDS, dense, effective
from neuromorphic.operations.operators import listeners
from neuromorphic.operations.shapes import ShapedGraph, shaped
from runtime.errors import BundleError

Feed = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Activity:
    """What the operator that makes `output` does: `dense` products, and those with no factor zero.

    The latter are `accumulates` where every input is -1, 0 or 1, so that a product is the weight
    itself, and `macs` where not: NeuroBench's distinction, made for whole tensors. `inputs` values
    arrive, `active` of them not zero; of `weights`, `connections` are not zero.
    """

    output: str
    dense: int
    macs: int
    accumulates: int
    inputs: int
    active: int
    weights: int
    connections: int


def activity(path: Path, feed: Feed, outputs: Iterable[str] | None = None) -> tuple[Activity, ...]:
    """Run the graph at `path` on `feed` and watch its products, or those that make `outputs` alone.

    Raises `GraphError` for a graph that cannot be shaped, `BundleError` for one that fails to run.
    """
    graph = shaped(path, {name: value.shape for name, value in feed.items()})
    chosen = None if outputs is None else set(outputs)
    watched = [
        node
        for node in graph.nodes
        if node.op_type in KINDS and (chosen is None or node.output[0] in chosen)
        if node.output[0] not in graph.constants
    ]
    inputs = {name for node in watched for name in node.input[:2]}
    values = _values(path, inputs - graph.constants.keys() - feed.keys(), feed)
    known = {**graph.constants, **feed, **values}
    return tuple(_watched(graph, node, known) for node in watched)


def heard(path: Path, tensor: str, feed: Feed) -> tuple[Activity, ...]:
    """Return the activity of those operators that take the input `tensor` first; see `activity`."""
    graph = shaped(path, {name: value.shape for name, value in feed.items()})
    return activity(path, feed, [node.output[0] for node in listeners(graph, tensor)])


def _watched(graph: ShapedGraph, node: onnx.NodeProto, known: Feed) -> Activity:
    given = tuple(known[name] for name in node.input[:2])
    # MatMul may have its weights first: what arrives is what is no constant.
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


def _values(path: Path, names: set[str], feed: Feed) -> Feed:
    """Run as much of a graph as it takes to know the tensors `names`."""
    if not names:
        return {}
    import onnxruntime

    model = onnx.load(path)
    del model.graph.output[:]
    wanted = sorted(names)
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in wanted)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), options)
        taken = {port.name for port in session.get_inputs()}
        given = {name: value for name, value in feed.items() if name in taken}
        return dict(zip(wanted, session.run(wanted, given), strict=True))
    except Exception as error:  # onnxruntime has one class for each of its reasons
        reason = " ".join(str(error).split())[:200]
        raise BundleError(f"{path}: fails to run ({reason})") from error
