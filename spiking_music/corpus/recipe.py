"""How all recordings of a corpus are encoded."""

from dataclasses import dataclass
from pathlib import Path

from runtime.to_spk import Storage


@dataclass(frozen=True)
class Recipe:
    """A `bundle` folder, None for the shipped one, and the hash of the `model` it must hold.

    `storage` has no texts, since each file gets its own; `force`: encode existing outputs again.
    """

    bundle: Path | None
    model: str
    storage: Storage
    force: bool = False
