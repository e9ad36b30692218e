"""The data for the page: the model, the state of its session, arrays as bytes."""

from typing import Any

import numpy as np

from runtime.bundle import Manifest
from runtime.mu import LARGEST_MU
from spiking_music.report.spectrum import HOP, LOWEST_HZ
from spiking_music.studio.rows import row_count
from spiking_music.studio.session import Session, State


def model(manifest: Manifest) -> dict[str, Any]:
    """Return the constants: the model's name, kind and sizes, and whether it has a mu.

    `first`, in frames, is where frame 0 begins: that of a lapped transform is centred on the start.
    """
    many = manifest.has_mu
    why = (
        "This model is LAPPED: it has no mu, and its step follows the loudness of each chunk."
        if manifest.lapped
        else f"This model is {manifest.kind}: it was trained for a single rate, so mu cannot be "
        "changed."
    )
    return {
        "name": manifest.name,
        "kind": manifest.kind,
        "units": manifest.units,
        "rows": row_count(manifest),
        "row": "bin" if manifest.lapped else "unit",
        "hop": manifest.hop,
        "sample_rate": manifest.sample_rate,
        "first": -0.5 if manifest.lapped else 0.0,
        "picture_hop": HOP,
        "lowest_hz": LOWEST_HZ,
        "largest_mu": LARGEST_MU if many else None,
        "no_mu": None if many else why,
    }


def progress(session: Session) -> dict[str, Any]:
    """Return the state without its arrays: what is available, and how far the job is."""
    state, job = session.state, session.job
    return {
        "job": None if job is None else {"stage": job.stage, "share": job.share},
        "error": state.error,
        "piece": _piece(state),
        "taken": state.taken,
        "notes": _notes(state),
        "coding": state.coding,
        "frames": state.bits.shape[1],
        "encoded": state.encoded,
        "mu": state.mu,
        "muted": sorted(state.muted),
        "sounds": list(state.sounds),
        "heard": state.heard,
        "figures": state.figures,
        "energy": state.energy,
    }


def packed(state: State, start: int) -> bytes:
    """Return the events from frame `start` to the last encoded one: 8 rows a byte, by frame."""
    return np.packbits(state.bits[:, start : state.encoded].T, axis=1).tobytes()


def _piece(state: State) -> dict[str, Any] | None:
    piece = state.piece
    if piece is None:
        return None
    bins, columns = piece.picture.shape
    return {
        "name": piece.name,
        "samples": len(piece.samples),
        "bins": bins,
        "columns": columns,
        "warnings": piece.warnings,
    }


def _notes(state: State) -> list[list[float]] | None:
    """Onset, release, pitch of each note."""
    if state.notes is None:
        return None
    notes = state.notes
    return np.stack([notes.onset, notes.release, notes.pitch], 1).round(4).tolist()
