"""A run of the lapped training."""

from typing import Any

from train.lapped.config import Lapped, lapped_config
from train.parts import PartsRun


class LappedRun(PartsRun[Lapped]):
    """A run that trains a lapped codec."""

    CHECKPOINT = "lapped.safetensors"

    @staticmethod
    def settings(tree: Any) -> Lapped:
        """See `PartsRun`."""
        return lapped_config(tree)
