"""The conditions of a test: bundles, Opus, folders of decoded sound, and always the anchors."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np

from runtime.audio.recordings import AUDIO_SUFFIXES, read_audio
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.decoders.presets import playback_named
from runtime.errors import ListeningError
from runtime.kinds import DecoderName
from runtime.mu import DEFAULT_MU
from spiking_music.evaluation.anchors import ANCHORS
from spiking_music.evaluation.peers import aligned, opus
from spiking_music.evaluation.systems import System, bundle_systems
from train.config import SAMPLE_RATE
from train.data.clips import Clip, middle

REFERENCE = "reference"
MOST = 12  # conditions per trial, so as not to tire listeners: ITU-R BS.1534-3, section 5.3
_SLACK = 2048  # samples at 22 050 Hz that another codec may have removed or added


@dataclass(frozen=True)
class Condition:
    """A condition to rate: its `name`, and `hear`, from a clip to its sound `(n,) float32`."""

    name: str
    hear: Callable[[Clip], Samples]


def always() -> list[Condition]:
    """Return the hidden reference, BS.1534-3's low and middle anchors, and the distorted anchor."""
    return [
        Condition(REFERENCE, lambda clip: clip.samples),
        *(Condition(name, partial(_spoilt, spoil)) for name, spoil in ANCHORS.items()),
    ]


def of_bundle(bundle: Bundle, decoders: Sequence[str], mus: Sequence[int]) -> list[Condition]:
    """Return a bundle with each of `decoders` and, if it has many rates, with each of `mus`.

    A way of diffusion such as `ddim_4` also counts as a decoder.
    The default is the bundle's own decoder, and mu 16. Raises `ListeningError` when the bundle
    has none of the decoders.
    """
    for decoder in decoders:
        if playback_named(decoder).decoder not in get_args(DecoderName):
            raise ListeningError(
                f"decoder {decoder!r}: choose {' or '.join(bundle.manifest.decoders)}"
            )
    decoders = decoders or (bundle.manifest.decoder.default,)
    systems = bundle_systems(bundle, decoders, mus or (DEFAULT_MU,))
    if not systems:
        raise ListeningError(f"{bundle.path}: has no decoder {' or '.join(decoders)}")
    return [Condition(system.name, partial(_run, system)) for system in systems]


def of_opus(kbps: float) -> Condition:
    """Return Ogg/Opus at the rate asked for, 6..256 kbit/s; raises `ListeningError` for others."""
    if not 6 <= kbps <= 256:
        raise ListeningError(f"Opus at {kbps:g} kbit/s: choose from 6 to 256")
    return Condition(f"Opus {kbps:g}", lambda clip: opus(clip.samples, kbps)[0])


def of_folder(name: str, folder: Path) -> Condition:
    """Return existing sounds: `folder` has one for each clip, named after the clip.

    Each is as long as the clip, or as the whole recording; then its middle is used.
    """
    return Condition(name, partial(_read, folder))


def checked(conditions: Sequence[Condition]) -> list[Condition]:
    """Return the conditions; raises `ListeningError` for equal names, too many, or too few."""
    repeated = [name for name, count in Counter(c.name for c in conditions).items() if count > 1]
    if repeated:
        raise ListeningError(f"two conditions are called {repeated[0]!r}; omit one of them")
    if len(conditions) > MOST:
        raise ListeningError(
            f"{len(conditions)} conditions, with the reference and the anchors, are more than the "
            f"{MOST} of BS.1534-3; omit some"
        )
    if len(conditions) == len(always()):
        raise ListeningError("there is nothing to rate: give --bundle, --opus or --folder")
    return list(conditions)


def clips_asked(conditions: Sequence[Condition]) -> int:
    """Return how many clips ITU-R BS.1534-3 (7.1) asks for: 1.5 times the systems, at least 5."""
    return max(5, -(-3 * (len(conditions) - len(always())) // 2))


def _spoilt(spoil: Callable[[Samples], Samples], clip: Clip) -> Samples:
    return spoil(clip.samples)


def _run(system: System, clip: Clip) -> Samples:
    return system.run(clip.samples).sound


def _read(folder: Path, clip: Clip) -> Samples:
    file = next((f for s in AUDIO_SUFFIXES if (f := folder / f"{clip.name}{s}").is_file()), None)
    if file is None:
        raise ListeningError(f"{folder}: has no {clip.name}{AUDIO_SUFFIXES[0]}")
    sound = read_audio(file, SAMPLE_RATE).samples
    sound = sound[middle(len(sound))]
    missing = len(clip.samples) - len(sound)
    if abs(missing) > _SLACK:
        raise ListeningError(
            f"{file}: has {len(sound)} samples at {SAMPLE_RATE} Hz, but the clip has "
            f"{len(clip.samples)}; give the clip or the whole recording"
        )
    return aligned(clip.samples, np.pad(sound, (0, max(0, missing)))[: len(clip.samples)])
