"""The bottleneck's bill on each chip, and its share of all that the codec computes."""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips import Chip, chip_names, load_chip
from neuromorphic.counts import Counts, count
from neuromorphic.fit import cores, fit, misfit
from neuromorphic.integer import IntegerLayer
from neuromorphic.ledger import FAST, REAL, Bill, bill
from neuromorphic.netx import read_netx
from runtime.bundle import Bundle
from runtime.events import EventMatrix

Payload = npt.NDArray[np.int8]

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def energies(
    bundle: Bundle, payload: Payload, events: EventMatrix, chip: str | None = None
) -> dict[str, dict[str, Any]]:
    """Return for each chip, or for one, `low_j`, `mid_j`, `high_j` or why it is `refused`.

    The bill of computing `events (N, T)` from `payload (M, T)` in real time, static power
    included; beside it `operations_j` without static power, and the same bill for a run as
    `fast` as the chip goes. Raises `ChipError` for a chip that does not exist.
    """
    layer = read_netx(bundle.file("bottleneck.net"))
    counts = count(layer, payload, events.bits)
    seconds = events.frames * bundle.manifest.hop / bundle.manifest.sample_rate
    names = chip_names() if chip is None else (chip,)
    return {name: _entry(load_chip(name), layer, counts, seconds) for name in names}


def energy_rows(found: dict[str, dict[str, Any]]) -> list[dict[str, str]]:
    """Return a row of text for each chip of `energies`."""
    keys = {"low": "low_j", "middle": "mid_j", "high": "high_j", "operations alone": "operations_j"}
    return [
        {
            "chip": name,
            **{label: joules(entry[key]) for label, key in keys.items()},
            "evidence, or why refused": entry["refused"] or entry["evidence"],
        }
        for name, entry in found.items()
    ]


def joules(value: float | None) -> str:
    """Write an energy in J with the prefix that suits it, to two significant digits; - for None."""
    if value is None:
        return "-"
    scale, prefix = next(
        ((scale, prefix) for scale, prefix in _PREFIXES if value >= scale * 0.9995), _PREFIXES[-1]
    )
    scaled = value / scale
    return f"{scaled:.{0 if scaled >= 9.95 else 1}f}\N{NARROW NO-BREAK SPACE}{prefix}J"


def operations(bundle: Bundle, payload: Payload, events: EventMatrix) -> dict[str, Any]:
    """Return the bottleneck's exact counts and every part's multiply-accumulates.

    `parts` are rows of `name`, `macs`, `share` for the way through the diffusion decoder.
    """
    model, frames = bundle.manifest, events.frames
    layer = read_netx(bundle.file("bottleneck.net"))
    per_frame = model.operations
    steps = model.decoder.steps
    macs = {
        "encoder": per_frame["encoder_macs_per_frame"] * frames,
        "spiking bottleneck": layer.units * layer.inputs * frames,
        "waveform decoder": per_frame["decoder_fast_macs_per_frame"] * frames,
        f"diffusion decoder, {steps} steps": per_frame["decoder_macs_per_frame_per_step"]
        * steps
        * frames,
    }
    # In whole frames, without the context of windows, which depends on how the work is cut.
    total = sum(macs.values())
    return {
        "parts": [{"name": n, "macs": m, "share": m / total} for n, m in macs.items()],
        "bottleneck_share": macs["spiking bottleneck"] / total,
        "counts": asdict(count(layer, payload, events.bits)),
    }


def _entry(chip: Chip, layer: IntegerLayer, counts: Counts, seconds: float) -> dict[str, Any]:
    reason = misfit(fit(layer, chip, counts.peak_current))
    real, fast = (
        bill(chip, counts, seconds, base, cores(layer, chip), reason) for base in (REAL, FAST)
    )
    priced = [term.evidence for term in real.terms if term.mid_j is not None]
    return {
        "title": chip.title,
        **_totals(real),
        "operations_j": real.dynamic_j,
        "evidence": ", ".join(dict.fromkeys(priced)),
        "covers": real.covers,
        "seconds": real.seconds,
        "fast": {"seconds": fast.seconds, **_totals(fast)},
        "terms": [asdict(term) for term in real.terms],
    }


def _totals(found: Bill) -> dict[str, Any]:
    return {
        "low_j": found.low_j,
        "mid_j": found.mid_j,
        "high_j": found.high_j,
        "refused": found.refused,
    }
