"""What a bundle measures on held-out music: rate, and quality of each way to decode."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluation.clips import SAMPLE_RATE, middle, recordings
from evaluation.distances import mel_distance
from evaluation.evaluate import event_rates
from runtime.audio import read_audio
from runtime.bundle import Bundle, write_manifest
from runtime.codec import Codec
from runtime.metrics import si_snr

Samples = npt.NDArray[np.float32]
FIGURES = ("density", "paper_kbps", "bound_kbps")
STEPS = (1, 2, 4, 8)


def measure(
    bundle: Bundle, folder: Path, progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """Encode and decode the middle 5.944 s of every recording below a folder.

    Gives the number of clips, event density, rates in kbit/s (the paper's formula and the entropy
    bound), and SI-SNR in dB (mean, standard deviation) and mel distance in nepers of the fast
    decoder and of the diffusion decoder by number of steps. Raises EvaluationError for a folder
    without recordings.
    """
    codec = Codec(bundle)
    files = recordings(folder)
    rows = []
    for index, file in enumerate(files):
        samples = read_audio(file, SAMPLE_RATE).samples
        rows.append(_clip(codec, samples[middle(len(samples))]))
        if progress is not None:
            progress((index + 1) / len(files))
    decoders = [name for name in rows[0] if name not in FIGURES]
    return {
        "clips": len(rows),
        **{name: _round(np.mean([row[name] for row in rows])) for name in FIGURES},
        "decoders": {
            name: {
                "si_snr_db": _round(np.mean([row[name][0] for row in rows])),
                "si_snr_db_sd": _round(np.std([row[name][0] for row in rows])),
                "mel_distance": _round(np.mean([row[name][1] for row in rows])),
            }
            for name in decoders
        },
    }


def write_quality(bundle: Bundle, quality: dict[str, Any]) -> None:
    """Put measured figures into a bundle's manifest, and make the closer decoder its default.

    Closer is the one with the smaller mel distance over all sets. Files and hash stay as they are.
    """
    fields = dataclasses.asdict(bundle.manifest)
    del fields["files"]
    steps = bundle.manifest.decoder.steps
    if quality:
        distance = {
            name: sum(found["decoders"][key]["mel_distance"] for found in quality.values())
            for name, key in (("diffusion", f"diffusion_{steps}"), ("fast", "fast"))
        }
        fields["decoder"]["default"] = min(distance, key=distance.__getitem__)
    write_manifest(bundle.path, {**fields, "quality": quality})


def _clip(codec: Codec, samples: Samples) -> dict[str, Any]:
    events = codec.encode(samples)
    rates = event_rates(events, len(samples) / SAMPLE_RATE)
    row: dict[str, Any] = {name: rates[name] for name in FIGURES}
    row["fast"] = _compare(samples, codec.decode(events, len(samples), "fast"))
    for steps in STEPS:
        decoded = codec.decode(events, len(samples), "diffusion", steps)
        row[f"diffusion_{steps}"] = _compare(samples, decoded)
    return row


def _compare(samples: Samples, decoded: Samples) -> tuple[float, float]:
    return si_snr(samples, decoded), mel_distance(samples, decoded)


def _round(value: Any) -> float:
    return round(float(value), 3)
