"""Transcribe original and copy with an independent network, and compare the notes.

The transcriber is Basic Pitch (Bittner et al., "A lightweight instrument-agnostic model for
polyphonic note transcription and multipitch estimation", ICASSP 2022), a small network that was
trained on other music than this codec. Only the weights of its package are used.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.errors import MissingPackageError
from runtime.extras import how_to_install
from runtime.sessions import open_graph
from train.data.notes import Notes

Posteriors = npt.NDArray[np.float32]

SAMPLE_RATE = 22_050
HOP = 256
LOWEST_PITCH = 21  # of 88 keys
ONSET_TOLERANCE = 0.05  # seconds, as in MIREX

_WINDOW = 43_844  # samples that the network takes
_MARGIN, _KEPT = 15, 142  # of its 172 frames: the outer ones have heard too little
INPUT = "serving_default_input_2:0"
_NOTE, _ONSET, _CONTOUR = (f"StatefulPartitionedCall:{port}" for port in (1, 2, 0))
# The published thresholds; a note lasts at least 11 frames, 0.13 s.
_ONSET_THRESHOLD, _NOTE_THRESHOLD, _SHORTEST = 0.5, 0.3, 11


def load_transcriber() -> Callable[[Samples], Notes]:
    """Return the function from a signal `(n,) float32` at 22 050 Hz to its notes.

    Raises `MissingPackageError` where the package that carries the weights is not installed, or
    that which compares notes.
    """
    if importlib.util.find_spec("mir_eval") is None:
        raise MissingPackageError(
            how_to_install("mir_eval", "evaluation") or "mir_eval is not installed"
        )
    graph = open_graph(weights(), {INPUT}, {_NOTE, _ONSET, _CONTOUR})

    def transcribe(samples: Samples) -> Notes:
        outputs = graph({INPUT: cut(samples)})
        frames = -(-len(samples) // HOP)
        note, onset = (joined(outputs[port])[:frames] for port in (_NOTE, _ONSET))
        return pick_notes(note, onset)

    return transcribe


def pick_notes(note: Posteriors, onset: Posteriors) -> Notes:
    """Pick notes from posteriors `(T, 88) float32` in 0..1 that a key sounds, and that it begins.

    A note begins at a local maximum of its onset posterior, if it then sounds for 0.13 s.
    """
    before, after = np.pad(onset, ((1, 1), (0, 0)))[:-2], np.pad(onset, ((1, 1), (0, 0)))[2:]
    peak = (onset >= _ONSET_THRESHOLD) & (onset > before) & (onset >= after)
    time, key = np.nonzero(peak & (_ahead(note) >= _NOTE_THRESHOLD))
    return Notes(time.astype(np.float64) * (HOP / SAMPLE_RATE), key + LOWEST_PITCH)


def note_f1(reference: Notes, estimate: Notes) -> float | None:
    """Return the F1 score of the estimated notes, 0..1: onset within 50 ms and exact pitch.

    Releases do not count. None if neither holds a note.
    Source: the measure of MIREX, by mir_eval (Raffel et al., 2014).
    """
    from mir_eval.transcription import precision_recall_f1_overlap

    if not reference.onset.size and not estimate.onset.size:
        return None
    if not reference.onset.size or not estimate.onset.size:
        return 0.0
    _, _, f1, _ = precision_recall_f1_overlap(
        *_intervals(reference),
        *_intervals(estimate),
        onset_tolerance=ONSET_TOLERANCE,
        offset_ratio=None,
    )
    return float(f1)


def weights() -> Path:
    # Found without importing the package, which would need TensorFlow.
    found = importlib.util.find_spec("basic_pitch")
    if found is None or not found.submodule_search_locations:
        raise MissingPackageError(
            "basic-pitch is not installed; run make, or pip install --no-deps basic-pitch==0.4.0"
        )
    return Path(found.submodule_search_locations[0], "saved_models", "icassp_2022", "nmp.onnx")


def cut(samples: Samples) -> Samples:
    """Cut into windows `(B, _WINDOW, 1)`, whose kept frames follow one another."""
    step = _KEPT * HOP
    count = max(1, -(-len(samples) // step))
    padded = np.zeros((count - 1) * step + _WINDOW, np.float32)
    inside = samples[: len(padded) - _MARGIN * HOP]
    padded[_MARGIN * HOP :][: len(inside)] = inside
    return np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::step, :, None].copy()


def joined(windows: Posteriors) -> Posteriors:
    return windows[:, _MARGIN : _MARGIN + _KEPT].reshape(-1, windows.shape[2])


def _ahead(note: Posteriors) -> Posteriors:
    """Return the mean over the `_SHORTEST` frames that follow, with silence beyond the end."""
    padded = np.pad(note, ((0, _SHORTEST), (0, 0)))
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    return ((sums[_SHORTEST:] - sums[:-_SHORTEST]) / _SHORTEST).astype(np.float32)


def _intervals(notes: Notes) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    # Releases are not compared, but mir_eval needs them.
    hertz = 440.0 * 2.0 ** ((notes.pitch - 69) / 12)
    return np.stack([notes.onset, notes.onset + 0.1], axis=1), hertz
