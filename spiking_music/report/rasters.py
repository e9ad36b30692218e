"""Spikes of a layer of any size in one picture."""

from typing import Any

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from spiking_music.figures.style import ACCENT, STYLE, WIDE, canvas

Array = npt.NDArray[Any]
ROWS, COLUMNS = 240, 640  # the most pixels; larger layers are averaged


def raster(trace: Array, width: float = WIDE) -> Figure:
    """Draw `trace (T, units)`: dark where units fire, and above it the mean rate in each step.

    Where several units or steps share a pixel, it shows how many of them fire, as a square root, so
    that single spikes stay visible.
    """
    steps, units = trace.shape
    fires = (trace != 0).astype(np.float32)
    shown = np.sqrt(_binned(_binned(fires.T, ROWS).T, COLUMNS).T)
    with matplotlib.rc_context(STYLE):
        figure = canvas(width, 190)
        rate, panel = figure.subplots(2, 1, sharex=True, height_ratios=(1, 3))
        rate.stairs(fires.mean(axis=1), np.arange(steps + 1), fill=True, color=ACCENT, linewidth=0)
        rate.set_ylim(0, max(float(fires.mean(axis=1).max()), 1e-9))
        rate.yaxis.set_major_locator(MaxNLocator(2))
        rate.set_title("share of units that fire")
        ink = np.zeros((*shown.shape, 4), np.float32)
        ink[..., :3] = matplotlib.colors.to_rgb(ACCENT)
        ink[..., 3] = shown
        # Browsers smooth what they enlarge, so few units or steps get many pixels each.
        ink = ink.repeat(ROWS // shown.shape[0], axis=0).repeat(COLUMNS // shown.shape[1], axis=1)
        panel.imshow(
            ink, aspect="auto", origin="lower", extent=(0, steps, 0, units), interpolation="none"
        )
        panel.set_ylabel("unit")
        panel.set_xlabel("step")
        panel.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    return figure


def _binned(values: Array, most: int) -> Array:
    """Return the means of as many equal groups of rows as there may be."""
    if len(values) <= most:
        return values
    edges = np.linspace(0, len(values), most + 1).astype(int)
    means: Array = np.add.reduceat(values, edges[:-1]) / np.diff(edges)[:, None]
    return means
