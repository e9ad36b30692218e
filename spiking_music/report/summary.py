"""The lines that the command line prints of the demo's report."""

from collections.abc import Mapping
from typing import Any

from spiking_music.report.joules import joules


def summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the lines for a report, what report.json holds, by their names."""
    wrong, quality = report["wrong_bits"], report["quality"]["si_snr_db"]
    others = ", ".join(
        f"{name} {'not run' if count is None else count}"
        for name, count in wrong.items()
        if name != "compared"
    )
    facts = {
        "sound": f"{report['audio']['seconds']:.2f} s, {report['audio']['samples']} samples",
        **_first(report),
        "stored": f"{report['file']['bytes']} bytes, {report['file']['kbps']:.3f} kbit/s "
        f"(the paper's formula {report['rate']['paper_kbps']:.3f}, "
        f"entropy bound {report['rate']['bound_kbps']:.3f})",
        "events": f"{report['events']['count']}, {report['events']['density']:.1%} of all entries",
        "SI-SNR": "not defined" if quality is None else f"{quality:.2f} dB",
        "wrong bits": f"of {wrong['compared']} against {report['reference']}: {others}",
    }
    total, spiking = report["system"]["total"], report["system"]["spiking"]
    facts["the whole codec"] = report["system"]["refused"] or (
        f"{joules(total['mid_j'])} ({joules(total['low_j'])} to {joules(total['high_j'])}), "
        f"of which spikes account for {spiking['joules_share']:.2%}"
    )
    priced = [entry for entry in report["energy"].values() if not entry["refused"]]
    for entry in priced:
        low, middle, high = (joules(entry[end]) for end in ("low_j", "mid_j", "high_j"))
        fast = entry["fast"]["mid_j"]
        facts[entry["title"]] = f"{middle} ({low} to {high})" + (
            "" if fast is None else f", as fast as it goes {joules(fast)}"
        )
    refused = [name for name, entry in report["energy"].items() if entry["refused"]]
    if refused:
        facts["refused"] = f"{', '.join(refused)} (why: see the report)"
    return facts | {f"no {name}": reason for name, reason in report["unavailable"].items()}


def _first(report: Mapping[str, Any]) -> dict[str, str]:
    """Return the lines about the model that is shown before the one on chips."""
    if (facts := report["first"]) is None:
        return {}
    return {
        facts["name"]: f"{facts['bytes']} bytes, {facts['kbps']:.3f} kbit/s, {facts['events']} "
        f"events, {_decibels(facts['si_snr_db'])} (waveform "
        f"{_decibels(facts['waveform_si_snr_db'])})",
        "and on chips": report["bundle"]["name"],
    }


def _decibels(value: float | None) -> str:
    return "SI-SNR not defined" if value is None else f"SI-SNR {value:.2f} dB"
