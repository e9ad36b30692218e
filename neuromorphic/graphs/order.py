"""The order of the flow through a graph, and which edges carry the spikes of the step before."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import nir

from runtime.errors import GraphError

Edge = tuple[str, str]
Sources = dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Order:
    """Groups of nodes, each after all that feed it: a single node, or all nodes of a cycle.

    `late` are the edges that carry their source's output of the step before. Apart from these, the
    nodes within a group are in the order of the flow, too.
    """

    groups: tuple[tuple[str, ...], ...]
    sources: Sources
    late: frozenset[Edge]


def flow(nodes: Mapping[str, nir.NIRNode], edges: Sequence[Edge], units: Collection[str]) -> Order:
    """Return the order of the flow.

    The flow enters a cycle at the node nearest to an Input; the edges on which the last `units`
    before that node send their spikes are late. Raises `GraphError`, naming the node, when there is
    no Input or no Output, when a node is on no path between them, or is on a cycle without a unit.
    """
    entries, ends = (_all(nodes, kind) for kind in ("Input", "Output"))
    sources = {name: tuple(a for a, b in edges if b == name) for name in nodes}
    targets = {name: tuple(b for a, b in edges if a == name) for name in nodes}
    near = _reached(entries, targets)
    used = set(near) & set(_reached(ends, sources))
    for name in nodes:
        if name not in used:
            raise GraphError(
                f"node {name!r}: is on no way from {_either(entries)} to {_either(ends)}; remove it"
            )
    _require_units(sources, units)
    groups, late = [], set()
    for members in _cycles(near, sources, targets):
        ordered, cut = _ordered(members, sources, units)
        groups.append(ordered)
        late |= cut
    return Order(tuple(groups), sources, frozenset(late))


def _all(nodes: Mapping[str, nir.NIRNode], kind: str) -> list[str]:
    found = [name for name, node in nodes.items() if type(node).__name__ == kind]
    if not found:
        raise GraphError(f"graph has 0 {kind} nodes []; one is needed at least")
    return found


def _either(names: Sequence[str]) -> str:
    return " or ".join(map(repr, names))


def _reached(starts: Iterable[str], following: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the nodes that can be reached, the nearest first."""
    found = dict.fromkeys(starts)
    waiting = list(found)
    for name in waiting:
        new = [other for other in dict.fromkeys(following[name]) if other not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return list(found)


def _require_units(sources: Sources, units: Collection[str]) -> None:
    plain = {
        name: [source for source in feeding if source not in units]
        for name, feeding in sources.items()
        if name not in units
    }
    try:
        TopologicalSorter(plain).prepare()
    except CycleError as error:
        cycle = " -> ".join(map(repr, reversed(error.args[1])))
        raise GraphError(
            f"node {error.args[1][0]!r}: lies on the cycle {cycle} without a neuron in it, which "
            "would have to know its own output"
        ) from None


def _cycles(
    near: Sequence[str], sources: Sources, targets: Mapping[str, Iterable[str]]
) -> Iterable[list[str]]:
    """Yield groups of nodes that reach each other, nearest first, each after those that feed it."""
    group: dict[str, int] = {}
    members: list[list[str]] = []
    for name in near:
        if name not in group:
            after, before = set(_reached([name], targets)), set(_reached([name], sources))
            members.append([other for other in near if other in after & before])
            group |= dict.fromkeys(members[-1], len(members) - 1)
    feeding = {
        i: {group[source] for name in names for source in sources[name]} - {i}
        for i, names in enumerate(members)
    }
    for i in TopologicalSorter(feeding).static_order():
        yield members[i]


def _ordered(
    members: Sequence[str], sources: Sources, units: Collection[str]
) -> tuple[tuple[str, ...], set[Edge]]:
    waiting, placed, late = list(members), [], set[Edge]()

    def feeding(name: str) -> list[str]:
        return [s for s in sources[name] if s in waiting and (s, name) not in late]

    while waiting:
        ready = next((name for name in waiting if not feeding(name)), None)
        if ready is None:
            late |= _closing(waiting[0], feeding, units)
        else:
            waiting.remove(ready)
            placed.append(ready)
    return tuple(placed), late


def _closing(
    entry: str, feeding: Callable[[str], Iterable[str]], units: Collection[str]
) -> set[Edge]:
    """Return the edges by which unplaced units reach `entry` without passing another unit."""
    found, seen = set[Edge](), [entry]
    for name in seen:
        for source in feeding(name):
            if source in units:
                found.add((source, name))
            elif source not in seen:
                seen.append(source)
    return found
