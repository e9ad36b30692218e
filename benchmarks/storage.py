"""Figure 1: what a binary matrix costs in each format, by the number of its events."""

from itertools import pairwise
from typing import Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from runtime.costs import coo_bits, dense_bits, time_bits, units_bits
from spiking_music.figures.style import ACCENT, FAINT, INK, STYLE, WIDE, canvas, curve, letter

UNITS, FRAMES = 80, 1024
# The example of the paper's section 2, (unit, frame).
EXAMPLE: Final = ((0, 3), (1, 0), (1, 4), (2, 9), (3, 1), (3, 3), (4, 6))
EXAMPLE_SHAPE = (5, 10)
FORMATS: Final = {
    "dense": lambda units, frames, events: dense_bits(units, frames),
    "coo": coo_bits,
    "time": time_bits,
    "units": units_bits,
}


def storage() -> Figure:
    """Draw the paper's example with its four costs, and the costs of a matrix by its events."""
    with matplotlib.rc_context(STYLE):
        figure = canvas(WIDE, 300)
        left, right = figure.subplots(1, 2, width_ratios=(2, 3))
        _example(left)
        _costs(right, UNITS, FRAMES)
    return figure


def cheapest(units: int, frames: int) -> list[tuple[int, int, str]]:
    """Return the ranges of events, first and last, in which each format costs least.

    From two events on: by the formulas the list of pointers to one event takes no bit at all.
    """
    events = np.unique(np.geomspace(2, units * frames, 4000).astype(int))
    best = [min(FORMATS, key=lambda name: FORMATS[name](units, frames, int(s))) for s in events]
    edges = [0, *(i for i in range(1, len(best)) if best[i] != best[i - 1]), len(best)]
    return [(int(events[a]), int(events[b - 1]), best[a]) for a, b in pairwise(edges)]


def _example(panel: Axes) -> None:
    units, frames = EXAMPLE_SHAPE
    bits = np.zeros(EXAMPLE_SHAPE)
    bits[tuple(np.transpose(EXAMPLE))] = 1
    panel.pcolormesh(
        bits, cmap=matplotlib.colors.ListedColormap(["white", ACCENT]), edgecolor=FAINT, lw=0.6
    )
    panel.set_aspect("equal")
    panel.invert_yaxis()
    panel.set_xticks(np.arange(frames) + 0.5, [str(t) for t in range(frames)])
    panel.set_yticks(np.arange(units) + 0.5, [str(i) for i in range(units)])
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    panel.set(xlabel="time step", ylabel="unit")
    letter(panel, "A", f"{len(EXAMPLE)} events among {units} x {frames}")
    costs = {name: cost(units, frames, len(EXAMPLE)) for name, cost in FORMATS.items()}
    lines = [f"{name:<6}{bits:>3} bits" for name, bits in costs.items()]
    told = "\n".join(lines)
    panel.text(0.25, -0.4, told, transform=panel.transAxes, va="top", family="monospace")


def _costs(panel: Axes, units: int, frames: int) -> None:
    events = np.unique(np.geomspace(2, units * frames, 400).astype(int))
    panel.set(xscale="log", yscale="log", xlim=(2, units * frames), ylim=(10, 40 * units * frames))
    for line, (name, cost) in enumerate(FORMATS.items()):
        bits = np.array([cost(units, frames, int(s)) for s in events])
        curve(panel, events, np.maximum(bits, 10), line, name)
    for place, (first, last, name) in enumerate(cheapest(units, frames)):
        if place:
            panel.axvline(first, color=FAINT, linewidth=0.8)
        middle = np.sqrt(first * last)
        panel.text(middle, 15, name, ha="center", weight="bold", color=INK)
    panel.legend(frameon=False, loc="upper left")
    panel.set(xlabel="events S", ylabel="bits")
    letter(panel, "B", f"N = {units} units, T = {frames} steps; below, the cheapest format")
