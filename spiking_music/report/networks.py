"""The results of rounding and fitting a network, as rows of a table."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from neuromorphic.quantise import Quantised


def finding_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row of text for each limit of `fitted`."""
    keys = ("limit", "needed", "allowed", "verdict", "kind", "layer")
    return [
        {key: finding[key] for key in keys}
        | {key: _whole(finding[key]) for key in ("needed", "allowed")}
        for finding in found["findings"]
    ]


def rounding_facts(found: Quantised) -> dict[str, Any]:
    """Return what rounding a graph found as a table has it."""
    return {
        "input_exponent": found.entry.exponent,
        "payload_bits": found.entry.bits,
        "compared": found.compared,
        "flips": found.flips,
        "flip_rate": found.flips / found.compared,
        "flips_with_lifs": found.as_lifs,
        "layers": [asdict(report) for report in found.layers],
    }


def _whole(number: float | None) -> str:
    return "-" if number is None else f"{number:,.0f}"
