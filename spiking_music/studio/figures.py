"""Bits and joules of the events that are played."""

from typing import Any

from neuromorphic.energy import energies
from neuromorphic.opening import bundle_network
from runtime.bundle import EXACT
from runtime.codec import Codec, Payload
from runtime.costs import event_rates
from runtime.piece import Piece
from runtime.spk.container import packed
from spiking_music.report.joules import joules

LONGEST = 256  # frames of a LAPPED model that are priced, 24 s: more would take gigabytes


def figures(piece: Piece) -> dict[str, Any]:
    """Return the bits of a piece, for the page.

    Bytes and kbit/s as stored, by the paper's formula, at the entropy bound and with one bit an
    entry; events a second and density.
    """
    events, seconds, size = piece.events, piece.seconds, len(packed(piece))
    return {
        "bytes": size,
        "stored_kbps": 8 * size / seconds / 1000,
        "dense_kbps": events.cells / seconds / 1000,
        **event_rates(events, seconds),
        "events": events.count,
    }


def energy(codec: Codec, payload: Payload, units: int) -> dict[str, Any]:
    """Return what the bottleneck of so many `units` takes for a payload, for the page.

    `chips` has for each chip the joules, or why they are unknown; `seconds` is how much of the
    sound is priced, None for all of it.
    """
    lapped, model = codec.manifest.lapped, codec.manifest
    if not lapped and EXACT not in model.files:
        return {"chips": [], "seconds": None}
    part = payload[:, :LONGEST] if lapped else payload
    found = energies(bundle_network(codec.bundle, units), part.T)["chips"].values()
    whole = part.shape == payload.shape
    return {
        "chips": [
            {
                "chip": entry["title"],
                "middle": joules(entry["mid_j"]),
                "range": f"{joules(entry['low_j'])} to {joules(entry['high_j'])}",
                "refused": (entry["refused"] or "").replace("_", " "),
            }
            for entry in found
        ],
        "seconds": None if whole else part.shape[1] * model.hop / model.sample_rate,
    }
