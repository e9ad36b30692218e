"""How the recordings of a corpus are encoded, all alike."""

from dataclasses import dataclass
from pathlib import Path

from runtime.to_spk import Storage


@dataclass(frozen=True)
class Recipe:
    """A `bundle` folder, None for the shipped one; the hash of the `model` that must be in it.

    `storage`, without texts, which each file gets of its own; `force`: encode again what is there.
    """

    bundle: Path | None
    model: str
    storage: Storage
    force: bool = False
