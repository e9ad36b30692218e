"""How events become sound: what a caller asks for, a piece says, or a bundle has chosen."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Playback:
    """`decoder`, `sampler`, its `steps`, the `seed` of its noise, 0..2**64-1.

    What is None is left to the next: a caller leaves it to the piece, a piece to the bundle.
    """

    decoder: str | None = None
    sampler: str | None = None
    steps: int | None = None
    seed: int | None = None

    def over(self, other: "Playback") -> "Playback":
        """Return what this says, and where it says nothing what `other` does."""
        said = {name: value for name, value in vars(self).items() if value is not None}
        return replace(other, **said)


UNSAID = Playback()
