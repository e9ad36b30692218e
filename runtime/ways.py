"""How good the sound is to be, and the way of decoding that follows from it for a bundle."""

import re
from dataclasses import dataclass
from typing import Final

from runtime.bundle import Manifest
from runtime.errors import SpikingMusicError

QUALITIES: Final = ("fast", "good", "best")
_MEASURED = re.compile(r"(fast|diffusion)(?:_(\d+))?")


@dataclass(frozen=True)
class Way:
    """A way to decode: `decoder`, `sampler` and its `steps`, which `fast` does not look at."""

    decoder: str
    sampler: str
    steps: int


def way_of(quality: str, manifest: Manifest) -> Way:
    """Return how a bundle decodes at a `quality`, one of `QUALITIES`.

    `good` is the bundle's own default; `fast` the waveform decoder, or one step where there is
    none; `best` what came nearest to the originals when the bundle was measured, by mel distance,
    and the default where it was not. Raises `SpikingMusicError` for another quality.
    """
    usual = manifest.decoder
    if quality not in QUALITIES:
        raise SpikingMusicError(f"quality {quality!r}: choose one of {', '.join(QUALITIES)}")
    if quality == "fast":
        has_waveform = "decoder_fast.onnx" in manifest.files
        return Way("fast" if has_waveform else "diffusion", usual.sampler, 1)
    good = Way(usual.default, usual.sampler, usual.steps)
    distance = distances(manifest)
    return min(distance, key=distance.__getitem__) if quality == "best" and distance else good


def distances(manifest: Manifest) -> dict[Way, float]:
    """Return the measured mel distance of each way, in nepers, summed over the sets of clips."""
    usual, total = manifest.decoder, dict[Way, float]()
    for measured in manifest.quality.values():
        for name, figures in measured.get("decoders", {}).items():
            if found := _MEASURED.fullmatch(name):
                way = Way(found[1], usual.sampler, int(found[2] or usual.steps))
                total[way] = total.get(way, 0.0) + float(figures["mel_distance"])
    return total
