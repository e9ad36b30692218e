"""Choose a decoder and its steps by the quality that is asked for: fast, good or best."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from runtime.bundle import Manifest
from runtime.errors import SpikingMusicError
from runtime.kinds import QUALITIES
from runtime.playback import Playback

NEAR: Final = 1.02
_DIFFUSION = re.compile(r"([a-z]+)_(\d+)")


@dataclass(frozen=True)
class Preset:
    """How to decode: `decoder`, `sampler` and `steps`; only diffusion needs the last two."""

    decoder: str
    sampler: str
    steps: int

    @property
    def name(self) -> str:
        """Its name in a manifest: `fast`, or for example `ddim_4` for four steps of DDIM."""
        return f"{self.sampler}_{self.steps}" if self.decoder == "diffusion" else self.decoder


FAST: Final = Preset("fast", "ddim", 1)


def playback_named(name: str) -> Playback:
    """Return what a decoder's name asks for, or a preset's, see `Preset.name`."""
    found = _DIFFUSION.fullmatch(name)
    return Playback("diffusion", found[1], int(found[2])) if found else Playback(name)


def preset_of(quality: str, manifest: Manifest, decoder: str | None = None) -> Preset:
    """Return how a bundle decodes at a `quality`, one of `QUALITIES`, with any or a given decoder.

    `good` is the bundle's default; `fast` is the waveform decoder, or one step if the bundle has
    none; `best` is what came nearest to the originals, by mel distance, when the bundle was
    measured, or the default if it was not. Raises `SpikingMusicError` for another quality.
    """
    usual = manifest.decoder
    if quality not in QUALITIES:
        raise SpikingMusicError(f"quality {quality!r}: choose one of {', '.join(QUALITIES)}")
    if quality == "fast":
        plain = "waveform" if manifest.lapped else "fast" if manifest.has_waveform else "diffusion"
        return _preset(decoder or plain, usual.sampler, 1)
    distance = {
        way: value for way, value in distances(manifest).items() if decoder in (None, way.decoder)
    }
    if quality == "best" and distance:
        return min(distance, key=distance.__getitem__)
    return _preset(decoder or usual.default, usual.sampler, usual.steps)


def _preset(decoder: str, sampler: str, steps: int) -> Preset:
    """A preset; those of decoders without steps are all alike."""
    return Preset(decoder, sampler, steps) if decoder == "diffusion" else Preset(decoder, "ddim", 1)


def distances(manifest: Manifest) -> dict[Preset, float]:
    """Return the measured mel distance of each preset, in nepers, summed over the sets of clips."""
    total = dict[Preset, float]()
    for measured in manifest.quality.values():
        for name, figures in measured.get("decoders", {}).items():
            way = playback_named(name)
            preset = Preset(str(way.decoder), way.sampler or "ddim", way.steps or 1)
            total[preset] = total.get(preset, 0.0) + float(figures["mel_distance"])
    return total


def knee(distance: Mapping[Preset, float]) -> Preset:
    """Return the cheapest preset whose distance is within 2 % of the smallest.

    A decoder without steps is cheaper than any number of steps. Of two presets that cost the same,
    the one with the smaller distance is chosen.
    """
    enough = NEAR * min(distance.values())
    good = [preset for preset, value in distance.items() if value <= enough]
    return min(good, key=lambda way: (way.decoder == "diffusion", way.steps, distance[way]))
