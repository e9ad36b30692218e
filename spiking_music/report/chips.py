"""The hardware descriptions as rows of a table."""

from dataclasses import asdict
from typing import Any

from neuromorphic.chips.catalogue import SECTIONS, chip_names, load_chip


def chip_rows() -> list[dict[str, Any]]:
    """Return a row for each chip: what it is and what its prices cover."""
    chips = (load_chip(name) for name in chip_names())
    return [
        {"name": chip.name, "title": chip.title, "node": chip.node, "covers": chip.covers}
        for chip in chips
    ]


def chip_figures(name: str) -> list[dict[str, Any]]:
    """Return a row for each figure of a chip, with range, unit, evidence, scope and source.

    Raises `ChipError` when there is no such chip.
    """
    chip = load_chip(name)
    return [
        {"figure": f"{section}.{key}", **asdict(figure)}
        for section in SECTIONS
        for key, figure in getattr(chip, section).items()
    ]


def figure_rows(figures: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Return a row of text for each of `chip_figures`, with its range in one column."""
    return [
        {
            "figure": entry["figure"],
            "value": _ranged(entry["value"], entry["low"], entry["high"], entry["unit"]),
            "evidence": entry["evidence"],
            "source": entry["source"],
        }
        for entry in figures
    ]


def _ranged(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    if value is None:
        return "-"
    spread = "" if low == value == high else f" ({low:.9g}..{high:.9g})"
    return f"{value:.9g}{spread} {'' if unit == 'count' else unit}".rstrip()
