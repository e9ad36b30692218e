"""Figure 5 and the atlas: what the units of a code respond to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from runtime.errors import FormatError
from spiking_music.analysis.analyse import Analyses, Analysis
from spiking_music.analysis.symbols import KEYS, LOWEST, NOTES
from spiking_music.analysis.tally import LAGS, NEAR
from spiking_music.figures.style import (
    ACCENT,
    DIVERGING,
    FAINT,
    INK,
    LESS,
    MORE,
    STYLE,
    WARM,
    WIDE,
    canvas,
    letter,
    save,
)

PROBE = NOTES.index("A2")  # the note of the paper's figure
FIRST, LAST = NOTES.index("A1"), NOTES.index("A6")
SHOWN = 15  # units
COLUMNS = 8
_ARRAYS = ("curves", "phi", "low", "high", "significant")
_BLACK = frozenset((1, 3, 6, 8, 10))

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Units:
    """What is drawn of an analysis: `name`, `frames_per_second`, and arrays of it.

    `curves (units, symbols, lags)`; `(units, symbols)`: `phi`, `low` and `high`, between which
    chance leaves 95 % of it, and `significant`.
    """

    name: str
    frames_per_second: float
    curves: Array
    phi: Array
    low: Array
    high: Array
    significant: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, found: Analysis) -> Self:
        """Take what is drawn from an analysis."""
        tuned = found.tuned
        arrays = (found.curves, tuned.phi, tuned.low, tuned.high, tuned.significant)
        return cls(found.name, found.frames_per_second, *arrays)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the arrays that an analysis has written; raises `FormatError` for another file."""
        try:
            with np.load(path) as held:
                name, rate = str(held["name"]), float(held["frames_per_second"])
                return cls(name, rate, *(held[array] for array in _ARRAYS))
        except (OSError, ValueError, KeyError) as error:
            raise FormatError(
                f"{path}: does not hold the arrays of an analysis ({error})"
            ) from error


def selectivity(one: Units, other: Units) -> Figure:
    """Draw the paper's Figure 5 for two codes side by side, on the same scales.

    A and B: correlations at each lag for the 15 units that respond most to A2. C: their phi for the
    notes A1 to A6, and that of the first unit by note.
    """
    codes = (one, other)
    units = [strongest(code) for code in codes]
    notes = slice(FIRST, LAST + 1)
    reach = max(
        float(np.nanmax(np.abs(code.phi[unit, notes]), initial=0.0))
        for code, unit in zip(codes, units, strict=True)
    )
    with matplotlib.rc_context(STYLE):
        figure = canvas(WIDE, 720)
        rows = figure.subplots(3, 2, height_ratios=(4, 5, 4))
        for column, (code, unit) in enumerate(zip(codes, units, strict=True)):
            _curves(rows[0, column], code, unit)
            letter(rows[0, column], "AB"[column], f"{code.name}: {SHOWN} units and A2")
            image = _matrix(rows[1, column], code, unit, reach)
            letter(rows[1, column], "C", f"{code.name}: phi")
            _one(rows[2, column], code, int(unit[0]))
            rows[2, column].set_title(f"{code.name}: phi of unit {unit[0]}")
        rows[0, 0].set_ylabel("activity in\nstandard deviations")
        rows[1, 0].set_ylabel("unit")
        rows[2, 0].set_ylabel("phi")
        for row in (rows[0], rows[2]):
            row[1].sharey(row[0])
            row[0].autoscale(axis="y")
        bar = figure.colorbar(image, ax=rows[1], pad=0.01, aspect=25)
        bar.outline.set_visible(False)
    return figure


def atlas(code: Units) -> Figure:
    """Draw a keyboard for each unit: dark keys make it fire, hatched orange ones silence it.

    Only responses beyond chance are coloured. Units are ordered by the note they respond to most;
    those that respond to none come last.
    """
    answer = np.where(code.significant, code.phi, 0.0)[:, :KEYS]
    best = np.where(answer.max(1) > 0, answer.argmax(1), KEYS)
    order = np.lexsort((-answer.max(1), best))
    rows = -(-len(order) // COLUMNS)
    scale = Normalize(*_span(float(np.abs(answer).max(initial=0.0))))
    with matplotlib.rc_context(STYLE):
        figure = canvas(1.6 * WIDE, 34 * rows + 60)
        panels = figure.subplots(rows, COLUMNS, squeeze=False)
        for panel in panels.ravel():
            panel.set_axis_off()
        for panel, unit in zip(panels.ravel(), order, strict=False):
            note = NOTES[best[unit]] if best[unit] < KEYS else "none"
            panel.set_title(f"{unit}: {note}", fontsize=7, pad=1)
            image = _keyboard(panel, answer[unit], scale)
        bar = figure.colorbar(
            image,
            ax=panels,
            location="bottom",
            aspect=60,
            pad=0.01,
            label=f"{code.name}: phi by key; hatched: the unit is silenced",
        )
        bar.outline.set_visible(False)
    return figure


def write(sets: Mapping[str, Analyses], out: Path, command: str, overwrite: bool) -> None:
    """Save an atlas of every code on every set, and Figure 5 of the first two; see `style.save`."""
    for name, analyses in sets.items():
        codes = [Units.of(found) for found in analyses.codes]
        for code in codes:
            told = f"The units of {code.name} on {name}: phi by key.\n{command}"
            save(atlas(code), out / f"{name}-{code.name}-atlas", told, overwrite)
        if len(codes) > 1:
            told = f"Figure 5 on {name}: {codes[0].name} and {codes[1].name}.\n{command}"
            save(selectivity(codes[0], codes[1]), out / f"{name}-figure-5", told, overwrite)


def strongest(code: Units) -> npt.NDArray[np.int64]:
    """Return the units with the greatest phi for the probed note, the greatest first."""
    return np.argsort(-np.nan_to_num(code.phi[:, PROBE], nan=-np.inf), kind="stable")[:SHOWN]


def keys() -> list[Array]:
    """Return the outline of each of the 88 keys as `(4, 2)`, white ones 1 wide and 1 high."""
    outlines, white = [], 0
    for key in range(KEYS):
        black = (key + LOWEST) % 12 in _BLACK
        left, right, low = (white - 0.3, white + 0.3, 0.4) if black else (white, white + 1, 0.0)
        outlines.append(np.array([(left, low), (right, low), (right, 1), (left, 1)]))
        white += not black
    return outlines


def _curves(panel: Axes, code: Units, units: npt.NDArray[np.int64]) -> None:
    lag = LAGS / code.frames_per_second
    near = NEAR / code.frames_per_second
    panel.axvspan(-near, near, color=FAINT, alpha=0.15, linewidth=0)
    for unit in units[1:]:
        panel.plot(lag, code.curves[unit, PROBE], color=ACCENT, linewidth=0.8)
    first = code.curves[units[0], PROBE]
    panel.plot(lag, first, color=INK, linewidth=1.6, label=f"unit {units[0]}")
    panel.axhline(0, color=FAINT, linewidth=0.6)
    panel.set_xlabel("lag of the note after the event, s")
    panel.legend(frameon=False, loc="upper left", fontsize=8)


def _matrix(
    panel: Axes, code: Units, units: npt.NDArray[np.int64], reach: float
) -> matplotlib.image.AxesImage:
    """Draw phi as colours; dots mark what is beyond chance."""
    phi = code.phi[units, FIRST : LAST + 1]
    low, high = _span(reach)
    image = panel.imshow(
        phi, aspect="auto", cmap=DIVERGING, vmin=low, vmax=high, interpolation="none"
    )
    row, column = np.nonzero(code.significant[units, FIRST : LAST + 1])
    pale = phi[row, column] < high / 2
    for which, colour in ((pale, INK), (~pale, "white")):
        panel.plot(column[which], row[which], ".", color=colour, markersize=1.5)
    panel.set_yticks(range(len(units)), [str(unit) for unit in units], fontsize=7)
    _note_axis(panel)
    return image


def _one(panel: Axes, code: Units, unit: int) -> None:
    phi = np.nan_to_num(code.phi[unit, FIRST : LAST + 1])
    pitch = np.arange(FIRST, LAST + 1) + LOWEST
    looks = {
        "A": (pitch % 12 == 9, ACCENT, None),
        "E": (pitch % 12 == 4, WARM, "////"),
        "other notes": (~np.isin(pitch % 12, (4, 9)), "#d5d6d7", None),
    }
    for name, (which, colour, hatch) in looks.items():
        place = np.flatnonzero(which)
        panel.bar(place, phi[place], color=colour, hatch=hatch, edgecolor="white", label=name, lw=0)
    for bound in (code.low, code.high):
        label = "95 % of chance" if bound is code.high else None
        panel.stairs(
            bound[unit, FIRST : LAST + 1],
            np.arange(len(phi) + 1) - 0.5,
            baseline=None,
            color=INK,
            linewidth=0.8,
            label=label,
        )
    panel.axhline(0, color=FAINT, linewidth=0.6)
    panel.legend(frameon=False, fontsize=8, ncols=4, loc="upper right", columnspacing=1)
    panel.margins(y=0.15)
    _note_axis(panel)


def _note_axis(panel: Axes) -> None:
    octaves = range(0, LAST - FIRST + 1, 12)
    panel.set_xticks(octaves, [NOTES[FIRST + place] for place in octaves])
    panel.set_xlim(-0.5, LAST - FIRST + 0.5)


def _keyboard(panel: Axes, answer: Array, scale: Normalize) -> PolyCollection:
    outlines = keys()
    black = np.array([outline[0, 1] > 0 for outline in outlines])
    for which in (~black, black):  # black keys lie on the white ones
        made = PolyCollection(
            [outlines[key] for key in np.flatnonzero(which)],
            array=answer[which],
            cmap=DIVERGING,
            norm=scale,
            edgecolor=FAINT,
            linewidth=0.2,
            rasterized=True,  # thousands of outlines would be megabytes
        )
        panel.add_collection(made)
    less = np.flatnonzero(answer < 0)
    if less.size:
        hatched = PolyCollection(
            [outlines[key] for key in less],
            facecolor="none",
            edgecolor=INK,
            hatch="//////",
            linewidth=0,
            rasterized=True,
        )
        panel.add_collection(hatched)
    panel.set(xlim=(-0.2, 52.2), ylim=(-0.05, 1.05))
    return made


def _span(reach: float) -> tuple[float, float]:
    """The ends of the colours, whose white is then 0."""
    reach = max(reach, 1e-9)
    return -reach * LESS / MORE, reach
