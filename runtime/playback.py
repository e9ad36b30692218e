"""How to decode events to sound, as the caller asks, the piece says or the bundle has set."""

from dataclasses import dataclass, replace


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
