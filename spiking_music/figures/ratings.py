"""Figure 3: A, listeners' ratings; B, which condition wins against which."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from spiking_music.figures.style import ACCENT, FAINT, INK, STYLE, canvas, letter
from spiking_music.listening.scores import Duel, Mean

WORDS = ("Bad", "Poor", "Fair", "Good", "Excellent")
CELL = 44.0  # width of a condition in either panel, in points
_WON, _OPEN = "#9fd3ca", "#f6d98a"  # light enough for numbers on them


def ratings(means: Sequence[Mean], duels: Sequence[Duel]) -> Figure:
    """Draw both panels, with conditions ordered by their mean, best first."""
    with matplotlib.rc_context(STYLE):
        side = max(230.0, CELL * len(means) + 40)
        figure = canvas(2 * side + 250, side + 100)
        left, right = figure.subplots(1, 2)
        _ratings(left, means)
        _duels(right, [mean.name for mean in means], duels)
    return figure


def _ratings(panel: Axes, means: Sequence[Mean]) -> None:
    random = np.random.default_rng(0)
    for edge in range(20, 100, 20):
        panel.axvline(edge, color=FAINT, linewidth=0.5, alpha=0.5)
    for place, mean in enumerate(means):
        beside = place + random.uniform(-0.26, 0.26, len(mean.ratings))
        panel.plot(mean.ratings, beside, ".", color=FAINT, markersize=3.5, alpha=0.6, zorder=1)
        if mean.low is not None and mean.high is not None:
            panel.plot([mean.low, mean.high], [place] * 2, color=ACCENT, linewidth=2.2)
            panel.plot([mean.low, mean.high], [place] * 2, "|", color=ACCENT, markersize=9)
        panel.plot(mean.mean, place, "o", color=ACCENT, markersize=6.5, markeredgecolor="white")
    letter(panel, "A", "ratings")
    panel.set_yticks(range(len(means)), [mean.name for mean in means])
    panel.set_ylim(len(means) - 0.5, -0.5)
    panel.set_xlim(-2, 102)
    panel.set_xticks(range(10, 100, 20), WORDS)
    panel.tick_params(length=0)
    handles = [
        Line2D([], [], color=FAINT, marker=".", linestyle="", label="a rating"),
        Line2D([], [], color=ACCENT, marker="o", label="mean, 95 % interval"),
    ]
    panel.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.09), ncols=2, frameon=False
    )


def _duels(panel: Axes, names: Sequence[str], duels: Sequence[Duel]) -> None:
    place = {name: index for index, name in enumerate(names)}
    for duel in duels:
        for one, other, count in (
            (duel.winner, duel.loser, duel.wins),
            (duel.loser, duel.winner, duel.losses),
        ):
            colour = (_WON if one == duel.winner else "white") if duel.significant else _OPEN
            # The hatch replaces the colour in grey print.
            hatch = None if duel.significant else "////"
            x, y = place[other], place[one]
            panel.fill_between(
                [x - 0.47, x + 0.47],
                y - 0.47,
                y + 0.47,
                facecolor=colour,
                edgecolor=FAINT,
                linewidth=0.4,
                hatch=hatch,
            )
            box = {"boxstyle": "round,pad=0.12", "facecolor": colour, "edgecolor": "none"}
            panel.text(x, y, str(count), ha="center", va="center", color=INK, bbox=box)
    letter(panel, "B", "how often the row was rated above the column")
    panel.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.set_xlim(-0.5, len(names) - 0.5)
    panel.set_ylim(len(names) - 0.5, -0.5)
    panel.set_aspect("equal")
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    handles = [
        Patch(facecolor=_WON, edgecolor=FAINT, label="significantly more often"),
        Patch(facecolor=_OPEN, edgecolor=FAINT, hatch="////", label="no significant difference"),
    ]
    panel.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0, 1.05), ncols=2, frameon=False
    )
