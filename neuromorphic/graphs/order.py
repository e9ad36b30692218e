"""The order of the flow through a graph: every node after all that feed it."""

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter

import nir

from runtime.errors import GraphError

Sources = dict[str, tuple[str, ...]]


def flow(graph: nir.NIRGraph) -> Sources:
    """Return each node's sources, the Input first, the Output last, sources before targets.

    Raises `GraphError`, naming the node, when there is not one Input and one Output, when an edge
    is doubled or leads to nowhere, when a node lies on a cycle or on no way from Input to Output.
    """
    entry, end = (_only(graph, kind) for kind in ("Input", "Output"))
    sources = _sources(graph)
    targets: dict[str, list[str]] = {name: [] for name in sources}
    for target, feeding in sources.items():
        for source in feeding:
            targets[source].append(target)
    used = _reached(entry, targets) & _reached(end, sources)
    for name in sources:
        if name not in used:
            raise GraphError(f"node {name!r}: is on no way from {entry!r} to {end!r}; remove it")
    try:
        return {name: sources[name] for name in TopologicalSorter(sources).static_order()}
    except CycleError as error:
        cycle = " -> ".join(map(repr, reversed(error.args[1])))
        raise GraphError(
            f"node {error.args[1][0]!r}: lies on the cycle {cycle}; recurrent graphs cannot be run"
        ) from None


def _only(graph: nir.NIRGraph, kind: str) -> str:
    found = [name for name, node in graph.nodes.items() if type(node).__name__ == kind]
    if len(found) != 1:
        raise GraphError(f"graph has {len(found)} {kind} nodes {found}; one is needed")
    return found[0]


def _sources(graph: nir.NIRGraph) -> Sources:
    sources: dict[str, list[str]] = {name: [] for name in graph.nodes}
    for source, target in graph.edges:
        for name in (source, target):
            if name not in sources:
                raise GraphError(f"edge {source!r} -> {target!r}: there is no node {name!r}")
        if source in sources[target]:
            raise GraphError(f"edge {source!r} -> {target!r}: is there twice; remove one")
        sources[target].append(source)
    return {name: tuple(feeding) for name, feeding in sources.items()}


def _reached(start: str, following: Mapping[str, Iterable[str]]) -> set[str]:
    found, waiting = {start}, [start]
    while waiting:
        new = set(following[waiting.pop()]) - found
        found |= new
        waiting += new
    return found
