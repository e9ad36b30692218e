"""What a preset of the lapped codec says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stage:
    """How long a part is trained: `steps` of one crop each, `learning_rate` at its highest."""

    steps: int
    learning_rate: float


@dataclass(frozen=True)
class Lapped:
    """A lapped codec and its training.

    `hop` samples a frame and `bins` of them; `frames` of a crop; `evenness` beta: steps follow the
    mean energy of their band to this power; `price` of a bit in squared steps; `octaves` between
    which the step of a crop is drawn, relative to its level; widths of the nets; what a dB of
    SI-SNR lost to noise costs in mel distance; the stages.
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
    scale_stage: Stage
    units_stage: Stage
    refiner_stage: Stage
    noise_stage: Stage
    joint_stage: Stage
