"""Pictures of a recording: its events, its spectra, its bits and its energy.

Every function returns a matplotlib `Figure`; `svg` converts it to SVG that a page shows with its
own font and colours. Widths are in points, so that type has the same size at any width.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, FuncFormatter, LogLocator, MaxNLocator

from spiking_music.figures.style import (
    ACCENT,
    CARD,
    FAINT,
    INK,
    NARROW,
    STYLE,
    WARM,
    WIDE,
    canvas,
)
from spiking_music.report.spectrum import log_frequencies, spectrogram

RANGE_DB = 80.0
_MOST_PIXELS = 4096


@dataclass(frozen=True)
class Row:
    """A row of `intervals`: `values` low, middle, high or None with a `remark`; `mark` a point."""

    name: str
    values: tuple[float, float, float] | None
    mark: float | None = None
    remark: str = ""


def event_raster(
    bits: npt.NDArray[np.bool_], frames_per_second: float, width: float = WIDE
) -> Figure:
    """Draw `bits (N, T)`: which unit fires when, with the events of each frame above it."""
    units, frames = bits.shape
    seconds = frames / frames_per_second
    with matplotlib.rc_context(STYLE):
        figure = canvas(width, 300)
        count, raster = figure.subplots(2, 1, sharex=True, height_ratios=(1, 5))
        edges = np.arange(frames + 1) / frames_per_second
        count.stairs(bits.sum(axis=0), edges, fill=True, color=ACCENT, linewidth=0)
        count.set_ylim(0, units)
        count.set_yticks([0, units])
        count.set_title("units that fire in each frame")
        ink = np.zeros((units, frames, 4), np.float32)
        ink[..., :3] = matplotlib.colors.to_rgb(ACCENT)
        ink[..., 3] = bits
        raster.imshow(
            ink,
            aspect="auto",
            origin="lower",
            extent=(0, seconds, 0, units),
            # One pixel per entry, which the page scales; a long recording is averaged instead.
            interpolation="none" if frames <= _MOST_PIXELS else "antialiased",
            interpolation_stage="rgba",
        )
        raster.set_ylabel("unit")
        raster.set_xlabel("seconds")
        raster.set_xlim(0, seconds)
        raster.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    return figure


def spectrograms(
    sounds: Mapping[str, npt.NDArray[np.float32]], sample_rate: int, width: float = WIDE
) -> Figure:
    """Draw the spectrogram of each sound `(samples,)` on one scale, beside or above each other.

    The top of the scale is the loudest point of the first sound; it reaches 80 dB down.
    """
    spectra = [spectrogram(samples, sample_rate) for samples in sounds.values()]
    top = float(spectra[0].max())
    side_by_side = width > (WIDE + NARROW) / 2
    grid = (1, len(sounds)) if side_by_side else (len(sounds), 1)
    with matplotlib.rc_context(STYLE):
        figure = canvas(width, 250 if side_by_side else 400)
        panels = figure.subplots(*grid, sharex=True, sharey=True, squeeze=False).ravel()
        for panel, name, samples, decibels in zip(
            panels, sounds, sounds.values(), spectra, strict=True
        ):
            image = _spectrum(panel, decibels, top, samples.size / sample_rate, sample_rate)
            panel.set_title(name)
        for panel in panels if side_by_side else panels[-1:]:
            panel.set_xlabel("seconds")
        bar = figure.colorbar(image, ax=list(panels), pad=0.02, aspect=30, label="dB")
        bar.outline.set_visible(False)
    return figure


def _spectrum(
    panel: Axes, decibels: npt.NDArray[np.float32], top: float, seconds: float, sample_rate: int
) -> AxesImage:
    octaves = np.log2(log_frequencies(sample_rate))
    image = panel.imshow(
        decibels,
        aspect="auto",
        origin="lower",
        cmap="magma",
        vmin=top - RANGE_DB,
        vmax=top,
        extent=(0, max(seconds, 1e-3), octaves[0], octaves[-1]),
    )
    ticks = [hertz for hertz in (55, 220, 880, 3520) if hertz < sample_rate / 2]
    panel.set_yticks(np.log2(ticks), [f"{hertz} Hz" for hertz in ticks])
    return image


def bars(values: Mapping[str, float], unit: str, width: float = WIDE) -> Figure:
    """Draw one horizontal bar a value, from the top down, each with its name above and number."""
    with matplotlib.rc_context(STYLE):
        figure = canvas(width, 34 * len(values) + 16)
        panel = figure.subplots()
        places = np.arange(len(values))[::-1]
        panel.barh(places, list(values.values()), height=0.38, color=[ACCENT, *[FAINT] * 9])
        for place, (name, value) in zip(places, values.items(), strict=True):
            panel.text(0, place + 0.27, name, va="bottom")
            text = f"\N{NO-BREAK SPACE}{value:.2f} {unit}"  # a page would drop a space in front
            panel.text(value, place, text, va="center", weight="bold")
        panel.set_xlim(0, max([*values.values(), 1e-9]) * 1.25)
        panel.set_ylim(-0.3, len(values) - 0.35)
        panel.set_axis_off()
    return figure


def intervals(rows: Sequence[Row], unit: str, marked: str, width: float = WIDE) -> Figure:
    """Draw each row's range and middle on a logarithmic axis, and its mark as a hollow diamond.

    A row without figures shows its remark, so that it is not mistaken for zero. `marked` is the
    mark's entry in the legend.
    """
    with matplotlib.rc_context(STYLE):
        figure = canvas(width, 42 * len(rows) + 70)
        panel = figure.subplots()
        ends = [end for row in rows if row.values for end in (*row.values, row.mark) if end]
        low, high = min(ends, default=1.0), max(ends, default=10.0)
        panel.set_xscale("log")
        panel.set_xlim(low / 2, high * 2)
        panel.set_ylim(-0.6, len(rows) - 0.2)
        for place, row in zip(range(len(rows))[::-1], rows, strict=True):
            panel.text(low / 2, place + 0.22, row.name, va="bottom", weight="bold")
            if row.values is None or not all(row.values):
                remark = row.remark if row.values is None else f"0 {unit} at least"
                panel.text(low / 2, place, remark, va="center", color=WARM)
                continue
            panel.plot(
                row.values[::2], [place] * 2, color=ACCENT, linewidth=6, solid_capstyle="round"
            )
            panel.plot(row.values[1], place, "o", color=INK, markersize=5)
            if row.mark:
                panel.plot(row.mark, place, "D", color=WARM, fillstyle="none", markersize=6)
        handles = [
            Line2D([], [], color=ACCENT, linewidth=6, label="range"),
            Line2D([], [], color=INK, marker="o", linestyle="", markersize=5, label="middle"),
            Line2D([], [], color=WARM, marker="D", linestyle="", fillstyle="none", label=marked),
        ]
        figure.legend(handles=handles, loc="outside upper left", ncols=3, frameon=False)
        panel.set_yticks([])
        panel.spines["left"].set_visible(False)
        panel.grid(axis="x", color=FAINT, alpha=0.3, linewidth=0.6)
        panel.xaxis.set_major_locator(LogLocator(numticks=5 if width < WIDE else 9))
        panel.xaxis.set_major_formatter(EngFormatter(unit, sep="\N{NO-BREAK SPACE}"))
        panel.xaxis.set_minor_formatter(FuncFormatter(lambda value, place: ""))
        panel.tick_params(axis="x", which="minor", length=0)
    return figure


def both(name: str, draw: Callable[[float], Figure]) -> dict[str, str]:
    """Return `draw(width)` as SVG for wide and for narrow pages; a page shows the one that fits."""
    return {
        size: svg(draw(width), f"{name}-{size}")
        for size, width in (("wide", WIDE), ("narrow", NARROW))
    }


def svg(figure: Figure, name: str) -> str:
    """Return `figure` as an `<svg>` element; `name` keeps its ids apart from another's.

    Ink, faint lines and what covers others take the colours `currentColor`, `--faint` and `--card`
    of the page around it.
    """
    file = io.StringIO()
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor").replace(FAINT, "var(--faint)")
    text = text.replace(CARD, "var(--card)")
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(<svg [^>]*?) (?:width|height)="[^"]*"', r"\1", text, count=1)
    text = re.sub(r'(<svg [^>]*?) (?:width|height)="[^"]*"', r"\1", text, count=1)
    text = re.sub(r"image-rendering:[a-z-]+;?", "", text)  # let the page smooth what it scales
    # The ids that matplotlib counts (figure_1, text_3 ...) would repeat on a page; nothing uses
    # them, while those that clip paths and markers use are hashed with the name.
    return re.sub(r' id="[\w.]+_[0-9]+"', "", text)
