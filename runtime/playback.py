"""How to decode events to sound, as the caller asks, the piece says or the bundle has set."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from runtime.bundle import Manifest
from runtime.errors import SpikingMusicError

# The choices that each decoder uses.
USED: Final[Mapping[str, tuple[str, ...]]] = {
    "diffusion": ("sampler", "steps", "seed"),
    "fast": (),
    "listening": ("seed",),
    "waveform": (),
}


@dataclass(frozen=True)
class Playback:
    """The `decoder`, the `sampler`, its `steps`, and the `seed` of its noise, 0..2**64-1.

    None leaves a choice open: the caller to the piece, the piece to the bundle.
    """

    decoder: str | None = None
    sampler: str | None = None
    steps: int | None = None
    seed: int | None = None

    def over(self, other: "Playback") -> "Playback":
        """Return these choices, with those of `other` wherever this one has None."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return replace(other, **said)


UNSAID = Playback()


def usual(manifest: Manifest) -> Playback:
    """Return the playback that a bundle has set."""
    default = manifest.decoder
    return Playback(default.default, default.sampler, default.steps, seed=0)


def require_used(wishes: Playback, manifest: Manifest, said: Playback = UNSAID) -> None:
    """Refuse wishes that a bundle cannot fulfil, or that would do nothing.

    The decoder is that of the wishes, else the one that the file has `said`, else the bundle's.
    Raises `SpikingMusicError` when the bundle lacks it or it does not use one of the wishes.
    """
    decoder = wishes.over(said).over(usual(manifest)).decoder or ""
    require_decoder(decoder, manifest)
    for name, value in vars(wishes).items():
        if name != "decoder" and value is not None and name not in USED[decoder]:
            using = [other for other in manifest.decoders if name in USED[other]]
            way = f"; choose --decoder {using[0]}, or omit it" if using else "; omit it"
            raise SpikingMusicError(f"--{name} does nothing for the {decoder} decoder{way}")


def require_decoder(name: str, manifest: Manifest) -> None:
    """Raise `SpikingMusicError` if a bundle lacks a decoder; it names those that there are."""
    if name not in manifest.decoders:
        raise SpikingMusicError(
            f"the model {manifest.name} has no decoder {name!r}; choose "
            f"{' or '.join(manifest.decoders)}"
        )
