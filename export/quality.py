"""What a bundle measures on held-out music: rate, and quality of each way to decode."""

import dataclasses
from collections.abc import Callable, Mapping
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
from runtime.ways import distances

Samples = npt.NDArray[np.float32]
FIGURES = ("density", "paper_kbps", "bound_kbps")
STEPS = (1, 2, 4, 8)
KNEE = 1.02


def measure(
    bundle: Bundle, folder: Path, progress: Callable[[float], None] | None = None
) -> dict[str, Any]:
    """Encode and decode the middle 5.944 s of every recording below a folder.

    Gives the number of clips, event density, rates in kbit/s (the paper's formula and the entropy
    bound), and SI-SNR in dB (mean, standard deviation) and mel distance in nepers of each decoder
    that the bundle has, of the diffusion by number of steps. Raises EvaluationError for a folder
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
    """Put measured figures into a bundle's manifest, and make what they favour its default.

    The steps are the knee of the curve, the fewest that come within 2 % of the smallest mel
    distance of any, over all sets; the decoder is the closer one at these steps. Files and hash
    stay as they are.
    """
    manifest = dataclasses.replace(bundle.manifest, quality=quality)
    fields = dataclasses.asdict(manifest)
    del fields["files"]
    distance = distances(manifest)
    by_steps = {way.steps: d for way, d in distance.items() if way.decoder == "diffusion"}
    fast = [d for way, d in distance.items() if way.decoder == "fast"]
    if by_steps:
        fields["decoder"]["steps"] = steps = knee(by_steps)
        closer = not fast or by_steps[steps] < fast[0]
        fields["decoder"]["default"] = "diffusion" if closer else "fast"
    write_manifest(bundle.path, fields)


def knee(distance: Mapping[int, float]) -> int:
    """Return the fewest steps whose distance is within 2 % of the smallest, of those measured."""
    enough = KNEE * min(distance.values())
    return min(steps for steps, value in distance.items() if value <= enough)


def _clip(codec: Codec, samples: Samples) -> dict[str, Any]:
    events = codec.encode(samples)
    rates = event_rates(events, len(samples) / SAMPLE_RATE)
    row: dict[str, Any] = {name: rates[name] for name in FIGURES}
    files = codec.manifest.files
    if "decoder_fast.onnx" in files:
        row["fast"] = _compare(samples, codec.decode(events, len(samples), "fast"))
    for steps in STEPS if "decoder.onnx" in files else ():
        decoded = codec.decode(events, len(samples), "diffusion", steps)
        row[f"diffusion_{steps}"] = _compare(samples, decoded)
    return row


def _compare(samples: Samples, decoded: Samples) -> tuple[float, float]:
    return si_snr(samples, decoded), mel_distance(samples, decoded)


def _round(value: Any) -> float:
    return round(float(value), 3)
