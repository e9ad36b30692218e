"""What nir accepts and nobody can run: shapes, numbers, time constants and wiring of a graph."""

from collections.abc import Iterable

import nir
import numpy as np

from runtime.errors import GraphError

# The arrays of each node that is understood; Affine and Linear have a matrix first.
FIELDS: dict[str, tuple[str, ...]] = {
    "Input": (),
    "Output": (),
    "Affine": ("weight", "bias"),
    "Linear": ("weight",),
    "Scale": ("scale",),
    "Threshold": ("threshold",),
    "LI": ("tau", "r", "v_leak"),
    "IF": ("r", "v_threshold", "v_reset"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
}


def require_known(kinds: Iterable[tuple[str, str]]) -> None:
    """Raise `GraphError` naming the first of the `(node, kind)` pairs that cannot be run."""
    for name, kind in kinds:
        if kind not in FIELDS:
            raise GraphError(f"node {name!r}: {kind} is not supported; use {', '.join(FIELDS)}")


def checked(graph: nir.NIRGraph) -> list[str]:
    """Return the node names of `graph` in the order of the flow, from Input to Output.

    Raises `GraphError`, naming the node, when a kind is unknown, the wiring is not one chain, a
    width does not fit its neighbour, or a value is not finite or a time constant not positive.
    """
    require_known((name, type(node).__name__) for name, node in graph.nodes.items())
    names = _chain(graph)
    width = _width(names[0], graph.nodes[names[0]].input_type["input"])
    for name in names[1:-1]:
        width = _node_width(name, graph.nodes[name], width)
    last = _width(names[-1], graph.nodes[names[-1]].output_type["output"])
    if last != width:
        raise GraphError(f"node {names[-1]!r}: takes {last} values, gets {width}")
    return names


def _chain(graph: nir.NIRGraph) -> list[str]:
    for kind in ("Input", "Output"):
        found = [name for name, node in graph.nodes.items() if type(node).__name__ == kind]
        if len(found) != 1:
            raise GraphError(f"graph has {len(found)} {kind} nodes {found}; one is needed")
    following: dict[str, str] = {}
    for source, target in graph.edges:
        if source not in graph.nodes or target not in graph.nodes:
            raise GraphError(f"edge {source!r} -> {target!r} names a node that does not exist")
        if source in following:
            raise GraphError(f"node {source!r}: feeds several nodes; only a chain can be run")
        following[source] = target
    names = [next(n for n, node in graph.nodes.items() if isinstance(node, nir.Input))]
    while names[-1] in following and len(names) <= len(graph.nodes):
        names.append(following[names[-1]])
    # Longer than the graph means a node came twice; shorter, that some are not on the chain.
    if len(names) > len(graph.nodes):
        raise GraphError(f"node {names[-1]!r}: lies on a cycle; only a chain can be run")
    for name in graph.nodes:
        if name not in names:
            raise GraphError(f"node {name!r}: is not on the chain from Input to Output")
    if not isinstance(graph.nodes[names[-1]], nir.Output):
        raise GraphError(f"node {names[-1]!r}: leads nowhere; the chain must end in an Output")
    return names


def _width(name: str, shape: object) -> int:
    sizes = np.ravel(np.asarray(shape))
    if sizes.shape != (1,) or int(sizes[0]) < 1:
        raise GraphError(f"node {name!r}: shape is {sizes.tolist()}; one width is needed")
    return int(sizes[0])


def _node_width(name: str, node: nir.NIRNode, width: int) -> int:
    fields = FIELDS[type(node).__name__]
    arrays = {field: np.asarray(getattr(node, field)) for field in fields}
    for field, array in arrays.items():
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise GraphError(f"node {name!r}: {field} holds values that are not finite numbers")
        if field.startswith("tau") and (array <= 0).any():
            raise GraphError(f"node {name!r}: {field} is {array.min():g} s; it must be positive")
    weight = arrays.pop("weight", None)
    if weight is not None:
        if weight.ndim != 2 or weight.shape[1] != width or not weight.size:
            raise GraphError(f"node {name!r}: weight is {weight.shape}; it gets {width} values")
        width = int(weight.shape[0])
    for field, array in arrays.items():
        if array.shape != (width,):
            raise GraphError(f"node {name!r}: {field} is {array.shape}; ({width},) is needed")
    return width
