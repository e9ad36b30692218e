"""Choose a decoder and its steps by the quality that is asked for: fast, good or best."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.bundle import Manifest
from runtime.errors import SpikingMusicError
from runtime.kinds import QUALITIES

NEAR: Final = 1.02
_DIFFUSION = re.compile(r"([a-z]+)_(\d+)")


@dataclass(frozen=True)
class Preset:
    """How to decode: `decoder`, `sampler` and `steps`; the fast decoder ignores the last two."""

    decoder: str
    sampler: str
    steps: int

    @property
    def name(self) -> str:
        """Its name in a manifest: `fast`, or for example `ddim_4` for four steps of DDIM."""
        return "fast" if self.decoder == "fast" else f"{self.sampler}_{self.steps}"


FAST: Final = Preset("fast", "ddim", 1)


def preset_of(quality: str, manifest: Manifest) -> Preset:
    """Return how a bundle decodes at a `quality`, one of `QUALITIES`.

    `good` is the bundle's default; `fast` is the waveform decoder, or one step if the bundle has
    none; `best` is what came nearest to the originals, by mel distance, when the bundle was
    measured, or the default if it was not. For a LAPPED bundle `fast` is the waveform decoder.
    Raises `SpikingMusicError` for another quality.
    """
    usual = manifest.decoder
    if quality not in QUALITIES:
        raise SpikingMusicError(f"quality {quality!r}: choose one of {', '.join(QUALITIES)}")
    if manifest.lapped:
        return Preset("waveform" if quality == "fast" else usual.default, usual.sampler, 1)
    if quality == "fast":
        return FAST if manifest.has_waveform else Preset("diffusion", usual.sampler, 1)
    distance = distances(manifest)
    if quality == "best" and distance:
        return min(distance, key=distance.__getitem__)
    return FAST if usual.default == "fast" else Preset("diffusion", usual.sampler, usual.steps)


def distances(manifest: Manifest) -> dict[Preset, float]:
    """Return the measured mel distance of each preset, in nepers, summed over the sets of clips."""
    total = dict[Preset, float]()
    for measured in manifest.quality.values():
        for name, figures in measured.get("decoders", {}).items():
            found = _DIFFUSION.fullmatch(name)
            preset = Preset("diffusion", found[1], int(found[2])) if found else FAST
            total[preset] = total.get(preset, 0.0) + float(figures["mel_distance"])
    return total


def knee(distance: Mapping[Preset, float]) -> Preset:
    """Return the cheapest preset whose distance is within 2 % of the smallest.

    The fast decoder is cheaper than any number of steps. Of two presets with equal steps, the one
    with the smaller distance is chosen.
    """
    enough = NEAR * min(distance.values())
    good = [preset for preset, value in distance.items() if value <= enough]
    return min(good, key=lambda preset: (preset != FAST, preset.steps, distance[preset]))
