"""Measure a bundle on held-out music: its rate, and the quality of each way to decode."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from runtime.bundle import Bundle, Manifest, write_manifest
from runtime.codec import Codec
from runtime.costs import event_rates
from runtime.decoders.presets import Preset, distances, knee
from runtime.lapped.sampling import MOST_STEPS
from runtime.metrics import si_snr
from train.config import SAMPLE_RATE
from train.data.clips import Clip, within
from train.objectives.distances import mel_distance

FIGURES = ("density", "paper_kbps", "bound_kbps")
STEPS = {"ddim": (1, 2, 4, 8, 16), "dpm": (4, 8, 16)}  # with fewer steps DPM-Solver++ is DDIM


def measured_ways(manifest: Manifest) -> list[Preset]:
    """Return the ways to decode that a bundle has and that are compared."""
    plain = [Preset(name, "ddim", 1) for name in manifest.decoders if name != "diffusion"]
    if not manifest.has_diffusion:
        return plain
    most = max(STEPS["ddim"]) if manifest.has_unet else MOST_STEPS
    ways = ((name, n) for name, counts in STEPS.items() for n in counts if n <= most)
    return plain + [Preset("diffusion", name, n) for name, n in ways]


def measure(
    bundle: Bundle, clips: Sequence[Clip], progress: Callable[[float], None] = lambda share: None
) -> dict[str, Any]:
    """Encode clips, decode them in every way, and measure the result.

    Returns the number of clips, event density, rates in kbit/s (the paper's formula and the entropy
    bound), and for each way, by its name, SI-SNR in dB (mean, standard deviation) and mel distance
    in nepers.
    """
    codec, ways = Codec(bundle), measured_ways(bundle.manifest)
    rates, quality = [], []
    for number, clip in enumerate(clips):
        piece = codec.encode(clip.samples, SAMPLE_RATE)
        rates.append(event_rates(piece.events, len(clip.samples) / SAMPLE_RATE))
        original, figures = within(clip.samples, clip), []
        for way in ways:
            decoded = codec.decode(piece, way.decoder, way.steps, sampler=way.sampler)
            sound = within(decoded, clip)
            figures.append((si_snr(original, sound), mel_distance(original, sound)))
        quality.append(figures)
        progress((number + 1) / len(clips))
    means, deviations = np.mean(quality, axis=0), np.std(quality, axis=0)
    return {
        "clips": len(clips),
        **{name: _round(np.mean([row[name] for row in rates])) for name in FIGURES},
        "decoders": {
            way.name: {
                "si_snr_db": _round(mean[0]),
                "si_snr_db_sd": _round(deviation[0]),
                "mel_distance": _round(mean[1]),
            }
            for way, mean, deviation in zip(ways, means, deviations, strict=True)
        },
    }


def write_quality(bundle: Bundle, quality: dict[str, Any]) -> None:
    """Put measured figures into a bundle's manifest, and make the best preset its default.

    The default is the knee of the curve over all sets, see `knee` in `runtime.decoders.presets`; if
    that has no steps, the steps of diffusion are the knee of the others. Files and hash do
    not change.
    """
    manifest = dataclasses.replace(bundle.manifest, quality=quality)
    fields = dataclasses.asdict(manifest)
    del fields["files"]
    if distance := distances(manifest):
        fields["decoder"]["default"] = knee(distance).decoder
        diffusion = {way: d for way, d in distance.items() if way.decoder == "diffusion"}
        if diffusion:
            way = knee(diffusion)
            fields["decoder"] |= {"sampler": way.sampler, "steps": way.steps}
    write_manifest(bundle.path, fields)


def _round(value: Any) -> float:
    return round(float(value), 3)
