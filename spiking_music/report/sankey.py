"""A Sankey diagram of the whole codec's energy, by part and by kind of operation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from spiking_music.figures.style import CARD, FAINT, STYLE, WARM, WIDE, canvas
from spiking_music.report.joules import joules, percent

# Okabe and Ito's colours, which the colour-blind tell apart; what spikes touch is the warm one.
COLOURS = ("#0072b2", "#56b4e9", "#009e73")
SPIKING = ("bottleneck", "link", "spikes on the chip")
THIN = 0.004  # of the height: what is too small to be seen is drawn so
LABEL = 0.1  # and what its label takes
GAP = 0.03
NODE = 0.022  # of the width
BEHIND = {"facecolor": CARD, "alpha": 0.85, "linewidth": 0, "pad": 1.5}  # labels cover the flows


@dataclass(frozen=True)
class Node:
    """A bar: its name, its J, its place from `low` to `high` on an axis from 0 to 1."""

    name: str
    value: float
    low: float
    high: float
    colour: str


def sankey(system: Mapping[str, Any], width: float = WIDE) -> Figure:
    """Draw the middle of a `system_report` in three columns, whose heights are joules.

    What spikes affect has a warm colour. A flow too thin to be seen is drawn thicker, and its label
    has the figure. If the total is refused, the picture is empty except for the reason.
    """
    wide = width >= WIDE
    with matplotlib.rc_context(STYLE):
        figure = canvas(width, 330 if wide else 420)
        panel = figure.subplots()
        panel.set_axis_off()
        panel.set(xlim=(0, 1), ylim=(0, 1))
        if system["total"]["mid_j"] is None:
            panel.text(0.5, 0.5, f"refused: {system['refused']}", ha="center", color=WARM)
            return figure
        parts = {part["title"]: part for part in system["parts"]}
        kinds = _sums(part["spent"] for part in parts.values())
        whole = {"all of it": system["total"]["mid_j"]}
        columns = [
            _column(whole, (FAINT,)),
            _column(_middles(parts), COLOURS),
            _column(kinds, (FAINT,) * len(kinds)),
        ]
        places = (0.0, 0.42 if wide else 0.36, 0.80 if wide else 0.72)
        _flows(panel, columns[0], columns[1], places[:2], {"all of it": _middles(parts)})
        _flows(panel, columns[1], columns[2], places[1:], {n: p["spent"] for n, p in parts.items()})
        for place, column in zip(places, columns, strict=True):
            _bars(panel, place, column, whole["all of it"])
    return figure


def _middles(parts: Mapping[str, Any]) -> dict[str, float]:
    return {name: part["mid_j"] for name, part in parts.items()}


def _sums(spent: Any) -> dict[str, float]:
    total: dict[str, float] = {}
    for kinds in spent:
        for kind, value in kinds.items():
            total[kind] = total.get(kind, 0.0) + value
    return {kind: value for kind, value in total.items() if value}


def _column(values: Mapping[str, float], colours: Sequence[str]) -> list[Node]:
    """Stack bars from the top down; each has room for its label."""
    total, gaps = sum(values.values()), GAP * (len(values) - 1)
    small = [value for value in values.values() if value < LABEL * total]
    room = (1 - gaps - LABEL * len(small)) * total / max(total - sum(small), 1e-30)
    nodes, top, cool = [], 1.0, iter(colours)
    for name, value in values.items():
        height = max(room * value / total, THIN)
        slot = max(height, LABEL) if value in small else height
        chosen = WARM if name in SPIKING else next(cool)
        middle = top - slot / 2
        nodes.append(Node(name, value, middle - height / 2, middle + height / 2, chosen))
        top -= slot + GAP
    return nodes


def _flows(
    panel: Axes,
    left: Sequence[Node],
    right: Sequence[Node],
    places: Sequence[float],
    values: Mapping[str, Mapping[str, float]],
) -> None:
    """Draw a band for each value from a node on the left to one on the right, in their order."""
    tops = {node.name: node.high for node in (*left, *right)}
    for source in left:
        for target in right:
            value = values[source.name].get(target.name)
            if not value:
                continue
            ends = []
            for node in (source, target):
                height = (node.high - node.low) * value / node.value
                ends.append((tops[node.name], tops[node.name] - height))
                tops[node.name] -= height
            colour = target.colour if source.colour == FAINT else source.colour
            _band(panel, (places[0] + NODE, places[1]), ends, colour)


def _band(
    panel: Axes, across: tuple[float, float], ends: Sequence[tuple[float, float]], colour: str
) -> None:
    (start, stop), ((top, bottom), (other_top, other_bottom)) = across, ends
    half = (start + stop) / 2
    points = [
        (start, top), (half, top), (half, other_top), (stop, other_top),
        (stop, other_bottom), (half, other_bottom), (half, bottom), (start, bottom), (start, top),
    ]  # fmt: skip
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    panel.add_patch(PathPatch(Path(points, codes), facecolor=colour, alpha=0.35, linewidth=0))


def _bars(panel: Axes, place: float, column: Sequence[Node], whole: float) -> None:
    for node in column:
        height = node.high - node.low
        panel.add_patch(Rectangle((place, node.low), NODE, height, color=node.colour, linewidth=0))
        share = "" if node.value >= whole else f", {percent(node.value / whole)}"
        text = f"{node.name}\n{joules(node.value)}{share}"
        middle = (node.low + node.high) / 2
        panel.text(place + NODE + 0.012, middle, text, va="center", fontsize=9, bbox=BEHIND)
