"""A bundle whose graphs report their inputs each time they are run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runtime.bundle import Bundle
from runtime.sessions import Graph, Run, Tensor

Feed = Mapping[str, Tensor]
Saw = Callable[[str, Feed], None]


@dataclass(frozen=True, kw_only=True)
class WatchedBundle(Bundle):
    """A bundle that calls `saw` with the file's name and the feed before each run of a graph."""

    saw: Saw

    def graph(self, name: str, inputs: set[str], outputs: set[str]) -> Graph:
        """See `Bundle.graph`."""
        return _WatchedGraph(super().graph(name, inputs, outputs), name, self.saw)


class _WatchedGraph(Graph):
    def __init__(self, graph: Graph, name: str, saw: Saw) -> None:
        self._graph, self._name, self._saw = graph, name, saw
        self.inputs, self.outputs = graph.inputs, graph.outputs

    def __call__(self, feed: Feed) -> dict[str, Tensor]:
        self._saw(self._name, feed)
        return self._graph(feed)

    def holding(self, fixed: Feed) -> Run:
        return lambda feed: self({**fixed, **feed})
