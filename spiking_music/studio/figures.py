"""Bits and joules of the events that are played."""

from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.energy import energies
from neuromorphic.opening import bundle_network
from runtime.bundle import EXACT
from runtime.codec import Codec
from runtime.costs import event_rates
from runtime.piece import Piece
from runtime.spk.container import packed
from spiking_music.report.joules import joules

Payload = npt.NDArray[np.int8]


def figures(codec: Codec, payload: Payload | None, piece: Piece) -> dict[str, Any]:
    """Return what a piece costs, for the page.

    Bytes and kbit/s as stored, by the paper's formula, at the entropy bound and with one bit an
    entry; events a second and density; for each chip the joules, or why they are unknown.
    """
    events, seconds, size = piece.events, piece.seconds, len(packed(piece))
    return {
        "bytes": size,
        "stored_kbps": 8 * size / seconds / 1000,
        "dense_kbps": events.cells / seconds / 1000,
        **event_rates(events, seconds),
        "events": events.count,
        "joules": _joules(codec, payload),
    }


def _joules(codec: Codec, payload: Payload | None) -> list[dict[str, str]]:
    if payload is None or EXACT not in codec.manifest.files:
        return []
    found = energies(bundle_network(codec.bundle), payload.T)["chips"].values()
    return [
        {
            "chip": entry["title"],
            "middle": joules(entry["mid_j"]),
            "range": f"{joules(entry['low_j'])} to {joules(entry['high_j'])}",
            "refused": (entry["refused"] or "").replace("_", " "),
        }
        for entry in found
    ]
