"""The report as one HTML file: pictures and tables inside, and sounds inside or beside it."""

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from matplotlib.figure import Figure

from runtime.audio.flac import flac
from runtime.audio.samples import Samples
from runtime.events import EventMatrix
from spiking_music.report import drawings
from spiking_music.report.joules import joules, percent
from spiking_music.report.sankey import sankey

LONGEST_S = 120  # seconds of sound in a page; one with an hour in it would not open
_PARTS = Path(__file__).parent


def page(
    report: Mapping[str, Any],
    original: Samples,
    decoded: Mapping[str, Samples],
    events: EventMatrix,
    beside: Mapping[str, str] | None = None,
) -> str:
    """Return the page for a `report` (the contents of report.json) and its sounds `(n,)`.

    `decoded` holds a sound for each decoder; the pictures show that of the bundle's choice. The
    sounds are in the page, or in files `beside` it, named for "original" and for each decoder.
    """
    rate = report["audio"]["sample_rate"]
    sounds = {"original": original, **decoded}
    sources = beside or {name: _inside(sound, rate) for name, sound in sounds.items()}
    return template("demo.html").render(
        report=report,
        script=(_PARTS / "player.js").read_text(encoding="utf-8"),
        beside=beside is not None,
        sounds={_title(name, report): source for name, source in sources.items()},
        pictures=_pictures(report, _compared(report, original, decoded), events),
    )


def template(name: str) -> jinja2.Template:
    """Return a page's template, which writes the style of all pages where it says `style`."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_PARTS),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number,
        "joules": joules,
        "percent": percent,
        "times": times,
    }
    environment.globals["style"] = (_PARTS / "style.css").read_text(encoding="utf-8")
    return environment.get_template(name)


def number(value: float, digits: int = 0) -> str:
    """Write a number with thin spaces between thousands, `digits` after the point."""
    text = f"{value:,.{digits}f}".replace(",", "\N{NARROW NO-BREAK SPACE}")
    return text.replace("-", "\N{MINUS SIGN}")


def times(value: float | None) -> str:
    """Write how many times as much something is, to two significant digits; - for None."""
    return "-" if value is None else f"{value:.2g}" if value < 100 else number(value)


def _title(name: str, report: Mapping[str, Any]) -> str:
    """Name a sound; where two models are shown, by its model."""
    if name == "original":
        return "Original"
    first = report["first"]
    if first is None:
        return f"Decoded, {name}"
    return name if name == first["name"] else f"{report['bundle']['name']}, {name}"


def _inside(samples: Samples, rate: int) -> str:
    return f"data:audio/flac;base64,{base64.b64encode(flac(samples, rate)).decode('ascii')}"


def _compared(
    report: Mapping[str, Any], original: Samples, decoded: Mapping[str, Samples]
) -> dict[str, Samples]:
    """The original, and what each model makes of it by its default decoder."""
    chosen = decoded[report["quality"]["decoder"]]
    if report["first"] is None:
        return {"original": original, "decoded": chosen}
    first = report["first"]["name"]
    return {"original": original, first: decoded[first], report["bundle"]["name"]: chosen}


def _pictures(
    report: Mapping[str, Any], sounds: Mapping[str, Samples], events: EventMatrix
) -> dict[str, dict[str, str]]:
    """Draw each picture for wide and narrow pages; the page shows the one that fits."""
    rate, rates = report["audio"]["sample_rate"], report["rate"]
    bits = {
        "stored: the whole file on disk": report["file"]["kbps"],
        "the paper's formula": rates["paper_kbps"],
        "entropy bound": rates["bound_kbps"],
        "one bit an entry": rates["dense_kbps"],
    }
    draws: dict[str, Callable[[float], Figure]] = {
        "spectrograms": lambda width: drawings.spectrograms(sounds, rate, width),
        "raster": lambda width: drawings.event_raster(events.bits, report["frame_rate"], width),
        "bits": lambda width: drawings.bars(bits, "kbit/s", width),
        "energy": lambda width: energy_bars(report["energy"], width),
        "system": lambda width: sankey(report["system"], width),
    }
    return {name: drawings.both(name, draw) for name, draw in draws.items()}


def energy_bars(chips: Mapping[str, Mapping[str, Any]], width: float) -> Figure:
    """Draw the bills of chips."""
    rows = [_energy_row(entry) for entry in chips.values()]
    return drawings.intervals(rows, "J", "operations alone", width)


def _energy_row(entry: Mapping[str, Any]) -> drawings.Row:
    if entry["refused"]:
        reason = entry["refused"].partition(":")[0]
        return drawings.Row(entry["title"], None, remark=f"refused: {reason} (see the table)")
    values = (entry["low_j"], entry["mid_j"], entry["high_j"])
    return drawings.Row(entry["title"], values, mark=entry["operations_j"])
