"""Figure 3 of the paper from ratings of one's own: A, the ratings; B, who wins against whom."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from listening.scores import Duel, Mean
from runtime.files import replacing

WORDS = ("Bad", "Poor", "Fair", "Good", "Excellent")
SUFFIXES = (".svg", ".png")
# Dark and light apart enough for grey print, blue and orange for every kind of colour vision.
_INK, _SOFT, _MEAN, _WIN, _OPEN = "#1b1d21", "#8a8f99", "#0b4f8a", "#7fb2dd", "#f6c667"
_STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": _SOFT,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "svg.fonttype": "none",
    "svg.hashsalt": "figure-3",
    "hatch.linewidth": 0.6,
}


def figure_3(means: Sequence[Mean], duels: Sequence[Duel]) -> Figure:
    """Draw both panels, the conditions of both from the best mean down."""
    with matplotlib.rc_context(_STYLE):
        side = max(3.2, 0.62 * len(means) + 0.6)
        figure = Figure(figsize=(2 * side + 3.4, side + 1.3), dpi=150, layout="constrained")
        ratings, matrix = figure.subplots(1, 2)
        _draw_ratings(ratings, means)
        _draw_duels(matrix, [mean.name for mean in means], duels)
    return figure


def write(figure: Figure, stem: Path, overwrite: bool) -> list[Path]:
    """Write `stem.svg` and `stem.png`; raises `OutputError` when one exists and may not go."""
    files = [stem.with_name(stem.name + suffix) for suffix in SUFFIXES]
    for file in files:
        with replacing(file, overwrite) as temporary, matplotlib.rc_context(_STYLE):
            metadata = {"Date": None} if file.suffix == ".svg" else {}
            figure.savefig(temporary, facecolor="white", metadata=metadata)
    return files


def _draw_ratings(panel: Axes, means: Sequence[Mean]) -> None:
    random = np.random.default_rng(0)
    for edge in range(20, 100, 20):
        panel.axvline(edge, color=_SOFT, linewidth=0.5, alpha=0.5)
    for place, mean in enumerate(means):
        beside = place + random.uniform(-0.26, 0.26, len(mean.ratings))
        panel.plot(mean.ratings, beside, ".", color=_SOFT, markersize=3.5, alpha=0.6, zorder=1)
        if mean.low is not None and mean.high is not None:
            panel.plot([mean.low, mean.high], [place] * 2, color=_MEAN, linewidth=2.2)
            panel.plot([mean.low, mean.high], [place] * 2, "|", color=_MEAN, markersize=9)
        panel.plot(mean.mean, place, "o", color=_MEAN, markersize=6.5, markeredgecolor="white")
    panel.set_title("A  Ratings")
    panel.set_yticks(range(len(means)), [mean.name for mean in means])
    panel.set_ylim(len(means) - 0.5, -0.5)
    panel.set_xlim(-2, 102)
    panel.set_xticks(range(10, 100, 20), WORDS)
    panel.tick_params(length=0)
    handles = [
        Line2D([], [], color=_SOFT, marker=".", linestyle="", label="a rating"),
        Line2D([], [], color=_MEAN, marker="o", label="mean, 95 % interval"),
    ]
    panel.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=2, frameon=False
    )


def _draw_duels(panel: Axes, names: Sequence[str], duels: Sequence[Duel]) -> None:
    place = {name: index for index, name in enumerate(names)}
    for duel in duels:
        for one, other, count in (
            (duel.winner, duel.loser, duel.wins),
            (duel.loser, duel.winner, duel.losses),
        ):
            colour = (_WIN if one == duel.winner else "white") if duel.significant else _OPEN
            # The hatch says in grey print what the colour says.
            hatch = None if duel.significant else "////"
            x, y = place[other], place[one]
            panel.fill_between(
                [x - 0.47, x + 0.47],
                y - 0.47,
                y + 0.47,
                facecolor=colour,
                edgecolor=_SOFT,
                linewidth=0.4,
                hatch=hatch,
            )
            box = {"boxstyle": "round,pad=0.12", "facecolor": colour, "edgecolor": "none"}
            panel.text(x, y, str(count), ha="center", va="center", color=_INK, bbox=box)
    panel.set_title("B  How often the row was rated above the column")
    panel.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.set_xlim(-0.5, len(names) - 0.5)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_aspect("equal")
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    handles = [
        Patch(facecolor=_WIN, edgecolor=_SOFT, label="significantly more often"),
        Patch(facecolor=_OPEN, edgecolor=_SOFT, hatch="////", label="no significant difference"),
    ]
    panel.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1.05), ncols=2, frameon=False
    )
