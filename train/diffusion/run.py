"""A run of the training of a bundle's diffusion decoder."""

from pathlib import Path

from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.diffusion.config import Diffusion, diffusion_config
from train.parts import PartsRun

CHECKPOINT = "diffusion.safetensors"

Saved = Checkpoint[Diffusion]


class DiffusionRun(PartsRun[Diffusion]):
    """A run that trains a diffusion decoder for a bundle."""

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
    return checkpoints.read(folder, CHECKPOINT, diffusion_config)
