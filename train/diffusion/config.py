"""The settings in a preset that adds a diffusion decoder to a bundle."""

from dataclasses import dataclass
from typing import Any

from runtime.errors import ConfigError
from train.config import build
from train.parts import Stage

KIND = "DIFFUSION"  # of the preset


@dataclass(frozen=True)
class Diffusion:
    """The diffusion decoder of what the waveform of a `bundle` lacks, and its training.

    `start_from`: a bundle whose envelope and velocity it starts from; "": random. `frames` of a
    crop; widths of the nets; `noise_price`, the cost of a dB of SI-SNR that is lost, in mel
    distance; the stages.
    """

    name: str
    kind: str
    seed: int
    bundle: str
    start_from: str
    frames: int
    noise_price: float
    envelope_width: int
    velocity_width: int
    envelope_stage: Stage
    diffusion_stage: Stage


def diffusion_config(tree: dict[str, Any]) -> Diffusion:
    """A Diffusion from nested dictionaries; raises ConfigError on any misfit."""
    config: Diffusion = build(Diffusion, tree, "preset")
    if config.frames < 16:
        raise ConfigError(f"frames {config.frames}: too few; give at least 16")
    return config
