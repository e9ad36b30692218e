"""The settings in a preset of the lapped codec."""

from dataclasses import dataclass
from typing import Any

from runtime.errors import ConfigError
from runtime.lapped.noise import HOP, PARTS
from train.config import build
from train.parts import Stage


@dataclass(frozen=True)
class Lapped:
    """A lapped codec and its training.

    `hop` samples and `bins` in a frame; `frames` of a crop; `evenness` beta: steps follow the mean
    energy of their band to this power; `price` of a bit in squared steps; the range in `octaves`
    from which the step of a crop is drawn, relative to its level; widths of the nets;
    `noise_price`, the cost of a dB of SI-SNR lost to noise, in mel distance; the stages; the number
    of crops for learning the coder's tables.
    """

    name: str
    kind: str
    seed: int
    sample_rate: int
    hop: int
    bins: int
    frames: int
    evenness: float
    price: float
    octaves: tuple[float, float]
    mover_width: int
    rate_width: int
    refiner_width: int
    refiner_layers: int
    noise_width: int
    noise_price: float
    envelope_width: int
    velocity_width: int
    units_stage: Stage
    refiner_stage: Stage
    joint_stage: Stage
    noise_stage: Stage
    envelope_stage: Stage
    diffusion_stage: Stage
    table_crops: int


def lapped_config(tree: dict[str, Any]) -> Lapped:
    """A Lapped from nested dictionaries; raises ConfigError on any misfit."""
    config: Lapped = build(Lapped, tree, "preset")
    low, high = config.octaves
    if not low < high:
        raise ConfigError(f"octaves {list(config.octaves)}: give the lower one first")
    if config.hop != PARTS * HOP:
        raise ConfigError(f"hop {config.hop}: the noise is made for hops of {PARTS * HOP}")
    if not 0 < config.bins <= config.hop or config.bins % 32:
        raise ConfigError(f"bins {config.bins}: give a multiple of 32 up to hop, {config.hop}")
    if config.frames < 16 or config.table_crops < 1:
        raise ConfigError(f"frames {config.frames}, table_crops {config.table_crops}: too few")
    return config
