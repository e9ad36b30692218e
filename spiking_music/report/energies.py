"""The bills of chips as rows of a table."""

from collections.abc import Mapping
from typing import Any

from neuromorphic.costs.ledger import FAST, REAL
from spiking_music.report.joules import joules, seconds, watts

BASES = {REAL: "real", FAST: "fast"}


def energy_rows(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return rows of text for each of the `chips` of `energies`, in real time and fast.

    A chip that is refused in both has one row.
    """
    rows = []
    for name, entry in found.items():
        bills = (entry, entry["fast"])
        shown = 1 if all(bill["refused"] for bill in bills) else 2
        for base, bill in list(zip(entry["table"], bills, strict=True))[:shown]:
            why = bill["refused"] or f"{_range(bill)}; {entry['evidence']}"
            rows.append(
                {
                    "chip": name,
                    "time": BASES[base["time_base"]],
                    "static": joules(base["static_j"]),
                    "dynamic": joules(base["dynamic_j"]),
                    "total": joules(base["total_j"]),
                    "range and evidence, or why refused": why.replace("_", " "),
                }
            )
    return rows


def unit_rows(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return rows of text with the power of each bill, and its total over what was done."""
    return [
        {
            "chip": name,
            "time": BASES[base["time_base"]],
            "power": watts(base["power_w"]),
            "a second of input": joules(base["a_second_j"]),
            "a frame": joules(base["a_frame_j"]),
            "an event": joules(base["an_event_j"]),
        }
        for name, entry in found.items()
        for base in entry["table"]
        if base["total_j"] is not None
    ]


def placement_rows(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a row of text for each chip on whose cores the network was placed."""
    return [
        {
            "chip": name,
            "cores": _number(placed["cores"]),
            "chips": _number(placed["chips"]),
            "busiest": f"{placed['busiest_share']:.0%}",
            "messages": _number(placed["copies"]),
            "hops": _number(placed["hops"]),
            "their static": watts(placed["cores_static_w"]),
        }
        for name, entry in found.items()
        if (placed := entry["placement"])
    ]


def timing_rows(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a row of text for each chip whose times are published."""
    return [
        {
            "chip": name,
            "whole run": seconds(timing["run"][1]),
            "at the host": seconds((timing["host"] or (None,) * 2)[1]),
            "latency": seconds(timing["latency"][1]),
            "falling through": seconds(timing["fall_through"][1]),
            "J s a frame": "-"
            if timing["energy_delay_js"] is None
            else f"{timing['energy_delay_js']:.2g}",
        }
        for name, entry in found.items()
        if (timing := entry["timing"])
    ]


def baseline_rows(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return a row of text for each chip and baseline: how many times as much the chip takes."""
    return [
        {
            "chip": name,
            "against": rival,
            "operations": _times(compared["times"]),
            "real time": _times(compared["times_real"]),
            "fast": _times(compared["times_fast"]),
            "equal at": _number(compared["per_s"][1]) if compared["per_s"][1] else "never",
            "streams": _streams(entry["sharing"], rival),
        }
        for name, entry in found.items()
        for rival, compared in entry["baselines"].items()
        if compared
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


def verdict_notes(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Say below which published rates the input of each chip is, and what else must be known.

    That is which are too slow for real time, and what feeding them from a host costs.
    """
    rates: dict[str, list[str]] = {}
    for name, entry in found.items():
        base = next((one for one in entry["baselines"].values() if one), None)
        if base is not None:
            rates.setdefault(_rate(base), []).append(name)
    notes = [f"{', '.join(names)}: {rate}" for rate, names in rates.items()]
    for name, entry in found.items():
        notes += _slow(name, entry) + _fed(name, entry)
    misfits = [entry["refused"] for entry in found.values() if entry["placement"] is None]
    placed = any(entry["placement"] for entry in found.values())
    if not placed and any(str(why).startswith("does not fit") for why in misfits):
        notes.append("it fits on no chip whose sizes are published")
    return notes


def _rate(base: Mapping[str, Any]) -> str:
    won = [source for source, below in base["verdicts"].items() if below]
    return (
        f"{base['spikes_per_synapse']:.2g} spikes a synapse a step, {base['rate']:,.0f} events/s: "
        + ("below " + "; ".join(won) if won else "above every published rate of a break-even")
    )


def _slow(name: str, entry: Mapping[str, Any]) -> list[str]:
    timing, real = entry["timing"], entry["table"][0]
    if not timing or not real["seconds"] or timing["run"][1] <= real["seconds"]:
        return []
    took, time = seconds(timing["run"][1]), seconds(real["seconds"])
    return [f"{name}: too slow for real time, {took} of work in {time}"]


def _fed(name: str, entry: Mapping[str, Any]) -> list[str]:
    """Say what feeding a chip from its host does to a run as fast as it goes."""
    timing, fast = entry["timing"], entry["table"][1]
    if not timing or not timing["host"] or not timing["run"][1] or fast["static_j"] is None:
        return []
    times = timing["host"][1] / timing["run"][1]
    host, static = seconds(timing["host"][1]), joules(fast["static_j"] * times)
    said = f"fed by its host it takes {host}, {times:.2g} times as long, and static power {static}"
    return [f"{name}: {said}"] if times > 1 else []


def _range(bill: Mapping[str, Any]) -> str:
    return f"{joules(bill['low_j'])} to {joules(bill['high_j'])}"


def _times(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}x" if value >= 100 else f"{value:.2g}x"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"


def _streams(shared: Mapping[str, Any] | None, rival: str) -> str:
    if shared is None or rival not in shared["even"]:
        return "-"
    number, room = shared["even"][rival], shared["at_once"]
    if number is None:
        return "never"
    return f"{number:,}" if room is None else f"{number:,} of {room:,}"
