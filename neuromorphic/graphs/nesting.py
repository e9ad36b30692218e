"""Flatten nested graphs: inner nodes become `outer.inner`, inner Inputs and Outputs vanish."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import nir

from neuromorphic.graphs.shapes import Shape, declared_shape
from runtime.errors import GraphError

Edge = tuple[str, str]


@dataclass(frozen=True)
class Flat:
    """Nodes and edges without nested graphs, and notes on what was changed.

    `inner` holds, for each Input of an inner graph, its declared shape and the nodes that feed it.
    """

    nodes: dict[str, nir.NIRNode] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    inner: dict[str, tuple[Shape, tuple[str, ...]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def flattened(graph: nir.NIRGraph) -> Flat:
    """Return a nested graph as one flat graph; the order of nodes and edges is kept.

    Raises `GraphError`, naming the node, when an edge leads nowhere, or leads to a graph with
    several Inputs or Outputs without naming one, such as `outer.inner`.
    """
    found = Flat()
    _collect(graph, "", found)
    for name in [name for name, node in found.nodes.items() if _is_inner_end(name, node, graph)]:
        _join(name, found)
    return found


def _collect(graph: nir.NIRGraph, prefix: str, found: Flat) -> None:
    for name, node in graph.nodes.items():
        if isinstance(node, nir.NIRGraph):
            _collect(node, f"{prefix}{name}.", found)
        elif prefix + name in found.nodes:
            raise GraphError(f"node {prefix + name!r}: is there twice")
        else:
            found.nodes[prefix + name] = node
    found.edges.extend(
        (_end(graph, prefix, source, nir.Output), _end(graph, prefix, target, nir.Input))
        for source, target in _repaired(graph, prefix, found)
    )


def _end(graph: nir.NIRGraph, prefix: str, name: str, kind: type[nir.NIRNode]) -> str:
    """Return the flat name of an edge's end; an inner graph stands for its only Input or Output."""
    node = graph.nodes.get(name)
    if not isinstance(node, nir.NIRGraph):
        return prefix + name
    ends = [inner for inner, one in node.nodes.items() if isinstance(one, kind)]
    if len(ends) != 1:
        raise GraphError(
            f"node {prefix + name!r}: is a graph with {len(ends)} {kind.__name__} nodes {ends}; "
            f"an edge must name one of them, as in {name + '.' + (ends or ['input'])[0]!r}"
        )
    return f"{prefix}{name}.{ends[0]}"


def _repaired(graph: nir.NIRGraph, prefix: str, found: Flat) -> Iterable[Edge]:
    """Yield the edges; an unknown name is replaced by the only node without edges, if any."""
    inside = (name for name in found.nodes if name.startswith(prefix))
    known = {*graph.nodes, *(name.removeprefix(prefix) for name in inside)}
    missing = {name for edge in graph.edges for name in edge} - known
    free = set(graph.nodes) - {name for edge in graph.edges for name in edge}
    renamed: dict[str, str] = {}
    if len(missing) == len(free) == 1:
        (wrong,), (right,) = missing, free
        found.notes.append(
            f"edges name {prefix + wrong!r}, which is not there; {prefix + right!r}, the only node "
            "without an edge, is taken for it"
        )
        renamed = {wrong: right}
    for source, target in graph.edges:
        for name in (source, target):
            if name not in known and name not in renamed:
                raise GraphError(
                    f"edge {prefix + source!r} -> {prefix + target!r}: there is no node "
                    f"{prefix + name!r}"
                )
        yield renamed.get(source, source), renamed.get(target, target)


def _is_inner_end(name: str, node: nir.NIRNode, graph: nir.NIRGraph) -> bool:
    return isinstance(node, nir.Input | nir.Output) and name not in graph.nodes


def _join(name: str, found: Flat) -> None:
    """Remove an inner Input or Output: its sources are connected to its targets."""
    node = found.nodes.pop(name)
    feeding = [source for source, target in found.edges if target == name]
    fed = [target for source, target in found.edges if source == name]
    if isinstance(node, nir.Input):
        declared = declared_shape(name, node.input_type["input"])
        found.inner[name] = declared, tuple(feeding)
    at = next((i for i, edge in enumerate(found.edges) if name in edge), len(found.edges))
    rest = [edge for edge in found.edges if name not in edge]
    rest[at:at] = [(source, target) for source in feeding for target in fed]
    found.edges[:] = rest
