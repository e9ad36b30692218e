"""The style of all pictures, and how to save them.

Colours can be told apart by the colour-blind; what must also differ in grey has another dash,
marker or hatch. Widths are in points, so that type has the same size at any width.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from runtime.files import replacing
from runtime.outputs import refuse_outputs

WIDE, NARROW = 720.0, 360.0
ACCENT, WARM = "#1f9d8a", "#e0704f"
BLUE, GOLD = "#33508f", "#d9a520"
# In an SVG on a page, these are replaced by the page's own colours, light or dark.
INK, FAINT, CARD = "#0a0b0c", "#8d8e8f", "#fcfdfe"
DPI = 110  # of the images within the drawings
LINES: Final = (
    {"color": ACCENT, "linestyle": "-", "marker": "o"},
    {"color": WARM, "linestyle": "--", "marker": "s"},
    {"color": BLUE, "linestyle": "-.", "marker": "^"},
    {"color": GOLD, "linestyle": ":", "marker": "D"},
)
# More than nothing grows dark, less grows orange and stays lighter: the two differ in grey too.
DIVERGING = LinearSegmentedColormap.from_list(
    "answers", ("#d9662f", "#f6c9a8", "#ffffff", "#7fc4b8", "#0e6b5d", "#04211c")
)
# Its white is 0 where it spans from -LESS to MORE of the same scale.
LESS, MORE = 2, 3
STYLE: Any = {
    "font.family": "sans-serif",
    "font.size": 10.0,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "svg.fonttype": "none",
    "hatch.linewidth": 0.6,
}
FILES: Final = (".svg", ".png", ".txt")


def canvas(width: float, height: float) -> Figure:
    """Return an empty figure of so many points."""
    return Figure(figsize=(width / 72, height / 72), dpi=DPI, layout="constrained")


def letter(panel: Axes, which: str, title: str) -> None:
    """Put a letter and a title above a panel."""
    panel.set_title(rf"$\bf{{{which}}}$  {title}")


def curve(panel: Axes, x: Any, y: Any, line: int, label: str = "", **given: Any) -> None:
    """Draw a curve in the style of one of `LINES`, with markers at some of its points."""
    every = max(1, len(np.atleast_1d(x)) // 6)
    look = LINES[line % len(LINES)] | {"markersize": 5, "markevery": every, "linewidth": 1.6}
    panel.plot(x, y, label=label, **(look | given))


def save(figure: Figure, place: Path, told: str, overwrite: bool = False) -> None:
    """Write `place` as .svg and .png, and a .txt with what it shows and the command that made it.

    Both pictures contain the text too. Raises `OutputError` if a file exists or cannot be written.
    """
    refuse_existing(place, overwrite)
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": place.name}):
        metadata = {"Title": place.name, "Description": told}
        for suffix in FILES[:2]:
            stamp = {"Date": None} if suffix == ".svg" else {}
            with replacing(place.with_name(place.name + suffix), overwrite) as temporary:
                figure.savefig(temporary, dpi=2 * DPI, facecolor="white", metadata=metadata | stamp)
    with replacing(place.with_name(place.name + FILES[2]), overwrite) as temporary:
        temporary.write_text(told.rstrip() + "\n", encoding="utf-8")


def refuse_existing(place: Path, overwrite: bool, sources: Sequence[Path] = ()) -> None:
    """Raise `OutputError` if a file of `save` could not be written."""
    refuse_outputs(place.parent, (place.name + suffix for suffix in FILES), overwrite, sources)
