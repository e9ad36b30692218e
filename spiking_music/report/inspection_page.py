"""The page of an inspected network, which needs nothing beside it."""

from collections.abc import Mapping
from typing import Any

from spiking_music.figures.style import NARROW, WIDE
from spiking_music.report import drawings
from spiking_music.report.inspection import Inspection
from spiking_music.report.network_drawing import network_svg
from spiking_music.report.page import energy_row, template
from spiking_music.report.rasters import raster


def inspection_page(found: Inspection) -> str:
    """Return the page of an inspection."""
    energy = found.report["energy"]
    pictures: dict[str, Mapping[str, str]] = {
        f"raster-{i}": _both(f"raster-{i}", lambda width, t=trace: raster(t, width))
        for i, trace in enumerate(found.traces.values())
    }
    if energy["refused"] is None:
        rows = [energy_row(entry) for entry in energy["chips"].values()]
        pictures["energy"] = _both(
            "energy", lambda width: drawings.intervals(rows, "J", "operations alone", width)
        )
    return template("inspection.html").render(
        report=found.report,
        nodes={node["name"]: node for node in found.report["nodes"]},
        traced=list(found.traces),
        drawing=network_svg(found.report["nodes"]),
        pictures=pictures,
    )


def _both(name: str, draw: Any) -> dict[str, str]:
    return {
        size: drawings.svg(draw(width), f"{name}-{size}")
        for size, width in (("wide", WIDE), ("narrow", NARROW))
    }
