"""A run of the training of a bundle's diffusion decoder."""

from typing import Any

from train.diffusion.config import Diffusion, diffusion_config
from train.parts import PartsRun


class DiffusionRun(PartsRun[Diffusion]):
    """A run that trains a diffusion decoder for a bundle."""

    CHECKPOINT = "diffusion.safetensors"

    @staticmethod
    def settings(tree: Any) -> Diffusion:
        """See `PartsRun`."""
        return diffusion_config(tree)
