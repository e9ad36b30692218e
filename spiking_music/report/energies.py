"""The bills of chips as rows of a table."""

from collections.abc import Mapping
from typing import Any

from spiking_music.report.joules import joules


def energy_rows(found: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Return a row of text for each of the `chips` of `energies`."""
    return [
        {
            "chip": name,
            "low": joules(entry["low_j"]),
            "real time": joules(entry["mid_j"]),
            "high": joules(entry["high_j"]),
            "at full speed": joules(entry["fast"]["mid_j"]),
            "operations alone": joules(entry["operations_j"]),
            "of the baseline": _times(entry["baseline"]),
            "equal at, events/s": _per_s(entry["baseline"]),
            "evidence, or why refused": (entry["refused"] or entry["evidence"]).replace("_", " "),
        }
        for name, entry in found.items()
    ]


def count_rows(counted: Mapping[str, Mapping[str, int]]) -> list[dict[str, str]]:
    """Return a row of text for the `counts` of each node."""
    return [
        {
            "node": name,
            "arriving": f"{counts['input_words']:,}",
            "synaptic events": f"{counts['synaptic_events']:,}",
            "of dense": f"{counts['synaptic_events'] / counts['dense_macs']:.2%}"
            if counts["dense_macs"]
            else "-",
            "updates driven": f"{counts['driven_updates']:,}",
            "idle": f"{counts['idle_updates']:,}",
            "spikes": f"{counts['spikes']:,}",
        }
        for name, counts in counted.items()
    ]


def term_rows(entry: dict[str, Any]) -> list[dict[str, str]]:
    """Return a row of text for each term of one chip's bill, in both time bases."""
    return [
        {
            "layer": term["layer"],
            "term": term["name"].replace("_", " "),
            "count": f"{term['count']:.3f} s"
            if term["scope"] == "static"
            else f"{term['count']:,}",
            **{key: joules(term[f"{key}_j"]) for key in ("low", "mid", "high")},
            "evidence": term["evidence"],
            "source": term["source"],
        }
        for base in (entry["terms"], entry["fast"]["terms"])
        for term in base
        if term["scope"] == "static" or (base is entry["terms"] and term["count"])
    ]


def verdict_notes(found: dict[str, dict[str, Any]]) -> list[str]:
    """Say of each chip with a comparison below which published rates its input is."""
    notes = []
    for name, entry in found.items():
        if (base := entry["baseline"]) is None:
            continue
        won = [source for source, below in base["verdicts"].items() if below]
        notes.append(
            f"{name}: {base['spikes_per_synapse']:.2f} spikes a synapse a step: "
            + ("below " + "; ".join(won) if won else "above every published rate of a break-even")
        )
    return notes


def _times(base: dict[str, Any] | None) -> str:
    return "-" if base is None else f"{base['times']:.3g}x"


def _per_s(base: dict[str, Any] | None) -> str:
    if base is None:
        return "-"
    return f"{base['per_s'][1]:,.0f} (has {base['rate']:,.0f})" if base["per_s"][1] else "never"
