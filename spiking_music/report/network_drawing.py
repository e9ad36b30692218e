"""A network drawn from top to bottom: each node below those that feed it."""

from collections.abc import Collection, Mapping, Sequence
from html import escape
from typing import Any

import networkx as nx

BOX, HEIGHT = 190, 52  # of a node
ACROSS, DOWN = 24, 34  # between nodes
MARGIN = 34  # beside all of them, for the edges of cycles
LETTERS = 24  # of a name, before it is cut


def network_svg(nodes: Sequence[Mapping[str, Any]]) -> str:
    """Return an SVG of nodes with `name`, `kind`, `shape`, `sources`, `late` and `rate`.

    `late` are the sources whose output of the step before is used: their edges are dashed. A rate
    fills a node's bar; None leaves it out.
    """
    graph: Any = nx.DiGraph()
    graph.add_nodes_from(node["name"] for node in nodes)
    graph.add_edges_from(
        (source, node["name"])
        for node in nodes
        for source in node["sources"]
        if source not in node["late"]
    )
    rows = _rows(graph, [node["name"] for node in nodes if node["kind"] != "Input"])
    widest = max(map(len, rows))
    width = widest * BOX + (widest - 1) * ACROSS + 2 * MARGIN
    height = len(rows) * HEIGHT + (len(rows) - 1) * DOWN + 4
    places = {}
    for down, row in enumerate(rows):
        left = (width - len(row) * BOX - (len(row) - 1) * ACROSS) / 2
        for across, name in enumerate(row):
            places[name] = left + across * (BOX + ACROSS), 2 + down * (HEIGHT + DOWN), down
    edges = [
        _late(places[source], places[node["name"]])
        if source in node["late"]
        else _edge(places[source], places[node["name"]])
        for node in nodes
        for source in node["sources"]
    ]
    return (
        f'<svg class="graph" viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" '
        'role="img" aria-label="The network, from its input at the top to its output">'
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" class="tip"/></marker></defs>'
        + "".join(edges)
        + "".join(_node(node, places[node["name"]]) for node in nodes)
        + "</svg>"
    )


def _rows(graph: Any, inner: Collection[str]) -> list[list[str]]:
    """Return the nodes from top to bottom, and from left to right.

    Inner nodes that only a cycle feeds stand just above what they feed, on the right, where the
    edges of cycles are.
    """
    row = {
        name: down for down, names in enumerate(nx.topological_generations(graph)) for name in names
    }
    fed_late = [name for name in inner if not graph.in_degree(name) and graph.out_degree(name)]
    for name in fed_late:
        row[name] = max(0, min(row[target] for target in graph.successors(name)) - 1)
    ordered = sorted(row, key=fed_late.__contains__)
    return [
        [name for name in ordered if row[name] == down] for down in range(max(row.values()) + 1)
    ]


Place = tuple[float, float, int]


def _edge(source: Place, target: Place) -> str:
    (x0, y0, row0), (x1, y1, row1) = source, target
    x0, y0, x1 = x0 + BOX / 2, y0 + HEIGHT, x1 + BOX / 2
    if row1 - row0 == 1:
        return _path(f"M{x0:g} {y0:g}L{x1:g} {y1 - 2:g}")
    aside = min(x0, x1) - BOX / 2 - 12  # past the nodes between
    return _path(f"M{x0:g} {y0:g}C{aside:g} {y0:g} {aside:g} {y1:g} {x1:g} {y1 - 2:g}")


def _late(source: Place, target: Place) -> str:
    (x0, y0, _), (x1, y1, _) = source, target
    right = max(x0, x1) + BOX
    y0, y1 = y0 + HEIGHT / 2, y1 + HEIGHT / 2
    if (x0, y0) == (x1, y1):
        y0, y1 = y0 + 12, y1 - 12
    ends = f"{right + 28:g} {y0:g} {right + 28:g} {y1:g} {x1 + BOX + 2:g} {y1:g}"
    return _path(f"M{x0 + BOX:g} {y0:g}C{ends}", " late")


def _path(line: str, kind: str = "") -> str:
    return f'<path class="edge{kind}" d="{line}" marker-end="url(#tip)"/>'


def _node(node: Mapping[str, Any], place: Place) -> str:
    x, y, _ = place
    shape = " \N{MULTIPLICATION SIGN} ".join(map(str, node["shape"]))
    name = node["name"] if len(node["name"]) <= LETTERS else node["name"][: LETTERS - 1] + "…"
    bar = ""
    if node["rate"] is not None:
        length = (BOX - 20) * min(1.0, node["rate"])
        bar = (
            f'<rect class="track" x="{x + 10:g}" y="{y + 43:g}" width="{BOX - 20}" height="3"/>'
            f'<rect class="rate" x="{x + 10:g}" y="{y + 43:g}" width="{length:g}" height="3"/>'
        )
    return (
        f"<g><title>{escape(node['name'])}</title>"
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{BOX}" height="{HEIGHT}" rx="8"/>'
        f'<text class="name" x="{x + 10:g}" y="{y + 20:g}">{escape(name)}</text>'
        f'<text class="kind" x="{x + 10:g}" y="{y + 36:g}">{escape(node["kind"])}, {shape}</text>'
        f"{bar}</g>"
    )
