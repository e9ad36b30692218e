"""The page of an inspected network, which needs nothing beside it."""

from functools import partial

from spiking_music.report import drawings
from spiking_music.report.inspection import Inspection
from spiking_music.report.network_drawing import network_svg
from spiking_music.report.page import energy_bars, template
from spiking_music.report.rasters import raster


def inspection_page(found: Inspection) -> str:
    """Return the page of an inspection."""
    energy = found.report["energy"]
    pictures = {
        f"raster-{i}": drawings.both(f"raster-{i}", partial(raster, trace))
        for i, trace in enumerate(found.traces.values())
    }
    if energy["refused"] is None:
        pictures["energy"] = drawings.both("energy", partial(energy_bars, energy["chips"]))
    return template("inspection.html").render(
        report=found.report,
        nodes={node["name"]: node for node in found.report["nodes"]},
        traced=list(found.traces),
        drawing=network_svg(found.report["nodes"]),
        pictures=pictures,
    )
