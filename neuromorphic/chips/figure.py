"""One figure with its source: value, range, unit, evidence and scope; or marked as unpublished."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

from runtime.errors import ChipError

EVIDENCE = ("measured", "simulated", "vendor", "derived", "secondary", "unpublished")
DERIVED = "derived"
KINDS = ("wall", "budget")  # beyond a wall nothing runs; beyond a budget it runs, but too slowly
UNITS = {
    "count": 1.0,
    "bit": 1.0,
    "pJ": 1e-12,
    "nJ": 1e-9,
    "uJ": 1e-6,
    "mJ": 1e-3,
    "uW": 1e-6,
    "mW": 1e-3,
    "W": 1.0,
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
}


@dataclass(frozen=True)
class Figure:
    """`low <= value <= high` in `unit`; all three are None if the figure is not published.

    `evidence` is one of `EVIDENCE`, `kind` one of `KINDS` for limits and None elsewhere; `scope`
    says what the figure refers to (a core, a spike), or how it adds up (see `ledger`). A `derived`
    figure has a `check`: what it was compared with, and how far off it was.
    """

    value: float | None
    low: float | None
    high: float | None
    unit: str
    evidence: str
    scope: str
    source: str
    kind: str | None = None
    check: str | None = None

    def range(self) -> tuple[float, float, float] | None:
        """Return `(low, value, high)` in base units (J, W, s, bit, count); None if unpublished."""
        if self.value is None or self.low is None or self.high is None:
            return None
        factor = UNITS[self.unit]
        return self.low * factor, self.value * factor, self.high * factor


def figure(where: str, table: object, units: tuple[str, ...], limit: bool) -> Figure:
    """Check a TOML table and return its figure.

    A limit's `low` and `high` default to its value; a price states both. Raises `ChipError`, naming
    `where`, the key and the value, for a missing or unknown key, a unit not among `units`, a
    missing or reversed range, a value that contradicts the evidence, or a derived figure without a
    check.
    """
    if not isinstance(table, Mapping):
        raise ChipError(f"{where} is {table!r}; a table with value, unit and source is needed")
    known = {field.name for field in fields(Figure)} - (set() if limit else {"kind"})
    if unknown := set(table) - known:
        raise ChipError(f"{where}.{min(unknown)} is not a key; use {', '.join(sorted(known))}")
    texts = {key: _text(where, table, key) for key in ("unit", "evidence", "scope", "source")}
    _one_of(f"{where}.unit", texts["unit"], units)
    _one_of(f"{where}.evidence", texts["evidence"], EVIDENCE)
    kind = _text(where, table, "kind") if limit else None
    if kind is not None:
        _one_of(f"{where}.kind", kind, KINDS)
    derived = texts["evidence"] == DERIVED
    check = _text(where, table, "check") if derived or "check" in table else None
    if check is not None and not derived:
        raise ChipError(f"{where}.check is for derived figures; this one is {texts['evidence']}")
    value = _number(where, table, "value")
    if value is not None and not limit:
        for end in ("low", "high"):
            if end not in table:
                raise ChipError(
                    f"{where}.{end} is missing; a price needs a range, if only of its one value"
                )
    low = _number(where, table, "low") if "low" in table else value
    high = _number(where, table, "high") if "high" in table else value
    if (value is None) != (texts["evidence"] == "unpublished"):
        raise ChipError(
            f"{where}.value is {value} with evidence {texts['evidence']!r}; a figure is either "
            "published, with a value, or unpublished, without"
        )
    if value is None and (low is not None or high is not None):
        raise ChipError(f"{where} has a range but no value; give the value or drop the range")
    if value is not None and not (low or 0) <= value <= (high or 0):
        raise ChipError(
            f"{where} has low {low}, value {value}, high {high}; make them low <= value <= high"
        )
    return Figure(value, low, high, **texts, kind=kind, check=check)


def _text(where: str, table: Mapping[str, object], key: str) -> str:
    text = table.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ChipError(f"{where}.{key} is {text!r}; a text is needed")
    return text


def _number(where: str, table: Mapping[str, object], key: str) -> float | None:
    number = table.get(key)
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ChipError(f"{where}.{key} is {number!r}; a number is needed")
    if not math.isfinite(number) or number < 0:
        raise ChipError(f"{where}.{key} is {number}; a finite number, not negative, is needed")
    return float(number)


def _one_of(where: str, text: str, known: tuple[str, ...]) -> None:
    if text not in known:
        raise ChipError(f"{where} is {text!r}; use one of {', '.join(known)}")
