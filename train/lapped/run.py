"""A run of the lapped training."""

from pathlib import Path

from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.lapped.config import Lapped, lapped_config
from train.parts import PartsRun

CHECKPOINT = "lapped.safetensors"

Saved = Checkpoint[Lapped]


class LappedRun(PartsRun[Lapped]):
    """A run that trains a lapped codec."""

    @classmethod
    def load(cls, folder: Path) -> Saved:
        """See `PartsRun`."""
        return load(folder)

    @classmethod
    def checkpoint(cls) -> str:
        """See `PartsRun`."""
        return CHECKPOINT


def load(folder: Path) -> Saved:
    """See `train.checkpoint.read`."""
    return checkpoints.read(folder, CHECKPOINT, lapped_config)
