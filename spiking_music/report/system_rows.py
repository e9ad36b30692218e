"""The whole codec's bill as rows and sentences."""

from collections.abc import Mapping
from typing import Any

from neuromorphic.costs.operations.prices import QUANTITIES
from spiking_music.report.joules import joules


def system_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return a row of text for each part of a `system_report`, and one for all of them."""
    rows = [
        {
            "part": part["title"],
            "multiply-accumulates": f"{part['macs']:,}",
            "other operations": f"{part['arithmetic'] + part['functions']:,}",
            "bytes moved": f"{part['bytes']:,}",
            **_energy(part),
            "share": "-" if part["share"] is None else f"{part['share']:.3%}",
        }
        for part in found["parts"]
    ]
    total = found["total"] or dict.fromkeys(("low_j", "mid_j", "high_j"))
    whole = dict.fromkeys(rows[0], "") | {"part": "all of it", **_energy(total)}
    return [*rows, whole]


def layer_rows(found: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return a row of text for each operator of the networks that costs anything."""
    labels = ("multiply-accumulates", "arithmetic", "functions", "bytes moved")
    return [
        {
            "part": row["part"],
            "layer": row["layer"],
            **{label: f"{row[name]:,}" for label, name in zip(labels, QUANTITIES, strict=True)},
            **_energy(row),
        }
        for row in found["layers"]
    ]


def system_notes(found: Mapping[str, Any]) -> list[str]:
    """Return in words how much was counted, what spikes touch, and why a total is refused."""
    covered, spiking = found["coverage"], found["spiking"]
    words = ", ".join(f"{number} {verdict}" for verdict, number in covered.items())
    notes = [f"operators of the networks: {words}"]
    share = spiking["joules_share"]
    notes.append(
        f"spikes account for {spiking['macs_share']:.2%} of the products"
        + (f" and {share:.2%} of the joules" if share is not None else "")
        + ": the bottleneck, the link, and the first layer of each decoder"
    )
    for name, whole in found["decoders"].items():
        notes.append(
            f"up to the {name}: {joules(whole['mid_j'])}, "
            f"{joules(whole['mid_j'] / max(found['seconds'], 1e-9))} for a second of sound"
        )
    for name, heard in spiking["hearing"].items():
        notes.append(
            f"{name}, first layer, one pass: {heard['accumulates']:,} sums where events are, of "
            f"{heard['dense']:,} products; driven by events they would cost "
            f"{joules(heard['event_j'])} instead of {joules(heard['dense_j'])}"
        )
    power, product = (
        sum(part[key] for part in found["parts"]) for key in ("power_proxy", "pdp_proxy")
    )
    notes.append(
        f"by the proxy of Intel's N-DNS challenge: {power:.3g} operations/s, "
        f"{product:.3g} times the latency of a chunk"
    )
    if found["refused"]:
        notes.append(f"no total: {found['refused']}".replace("_", " "))
    return notes


def _energy(part: Mapping[str, Any]) -> dict[str, str]:
    keys = {"low": "low_j", "middle": "mid_j", "high": "high_j"}
    return {label: joules(part[key]) for label, key in keys.items()}
