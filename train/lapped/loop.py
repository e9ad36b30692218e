"""The training of the lapped codec: its scale, then each part in its stage."""

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from runtime.files import replacing
from runtime.lapped.transform import basis, frames
from train.checkpoint import named, optimiser_tensors, restore_optimiser
from train.lapped.config import Lapped, Stage
from train.lapped.losses import Loss, noise_loss, refiner_loss, units_loss
from train.lapped.model import FLOOR, Crop, Model, crop

CHECKPOINT = "lapped.safetensors"
LOG = "log.jsonl"
EVERY = 100  # steps between checkpoints
WARM_UP = 20  # steps
SCALE_CROPS = 100

Sound = npt.NDArray[np.float32]
Music = Callable[[str, int], Sound]  # a crop by stage and step


@dataclass(frozen=True)
class Part:
    """What a stage trains, and what it minimises."""

    modules: tuple[str, ...]
    loss: Loss


PARTS = {
    "units": Part(("units", "mover", "rate"), units_loss),
    "refiner": Part(("refiner",), refiner_loss),
    "noise": Part(("noise",), noise_loss),
}


class Training:
    """A run in a folder; it goes on from the checkpoint that it finds there."""

    def __init__(self, config: Lapped, folder: Path, music: Music) -> None:
        self.config, self.folder, self.music = config, folder, music
        self.model = Model(config)
        self.stage, self.first = next(iter(PARTS)), 0
        self.kept: dict[str, Tensor] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / CHECKPOINT).exists():
            self._load()
        else:
            self.model.scale.copy_(measured_scale(config, music))

    def run(self) -> Model:
        """Do all that is left."""
        names = list(PARTS)
        for name in names[names.index(self.stage) :]:
            self._train(name, getattr(self.config, f"{name}_stage"))
            self.first, self.kept = 0, {}
        return self.model

    def _train(self, name: str, stage: Stage) -> None:
        part, model = PARTS[name], self.model.requires_grad_(False)
        trained = nn.ModuleList(getattr(model, module) for module in part.modules).requires_grad_(
            True
        )
        optimiser = torch.optim.Adam(trained.parameters(), stage.learning_rate)
        if self.kept:
            restore_optimiser(optimiser, self.kept)
        for step in range(self.first, stage.steps):
            began = time.perf_counter()
            for group in optimiser.param_groups:
                group["lr"] = pace(stage, step)
            loss = part.loss(model, self._crop(name, step), step)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained.parameters(), 5.0)
            optimiser.step()
            self._note(stage=name, step=step, loss=loss.item(), seconds=time.perf_counter() - began)
            if (step + 1) % EVERY == 0 or step + 1 == stage.steps:
                self._save(name, step + 1, optimiser)

    def _crop(self, name: str, step: int) -> Crop:
        config = self.config
        rng = np.random.default_rng([config.seed, list(PARTS).index(name), step])
        return crop(self.music(name, step), rng.uniform(*config.octaves), self.model.chip())

    def _note(self, **figures: object) -> None:
        with (self.folder / LOG).open("a") as log:
            log.write(json.dumps(figures) + "\n")

    def _save(self, stage: str, step: int, optimiser: torch.optim.Optimizer) -> None:
        tensors = named("model", self.model.state_dict()) | named(
            "optimiser", optimiser_tensors(optimiser)
        )
        tensors = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
        facts = {
            "config": json.dumps(dataclasses.asdict(self.config)),
            "stage": stage,
            "step": str(step),
        }
        with replacing(self.folder / CHECKPOINT, overwrite=True) as temporary:
            save_file(tensors, temporary, facts)

    def _load(self) -> None:
        with safe_open(self.folder / CHECKPOINT, "pt") as file:
            facts = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        parts = [
            {k.partition(".")[2]: v for k, v in tensors.items() if k.startswith(f"{p}.")}
            for p in ("model", "optimiser")
        ]
        self.model.load_state_dict(parts[0])
        self.stage, self.first, self.kept = facts["stage"], int(facts["step"]), parts[1]


def pace(stage: Stage, step: int) -> float:
    """The learning rate of a step: it rises, is held, and falls to nothing in the second half."""
    share = step / stage.steps
    return stage.learning_rate * min(1.0, (step + 1) / WARM_UP, 2 * (1 - share) + 0.01)


def measured_scale(config: Lapped, music: Music) -> Tensor:
    """The share `(bins,)` of the step that is a bin's: its mean energy to the power `evenness`."""
    energy = np.zeros(config.bins)
    for step in range(SCALE_CROPS):
        cut = frames(music("scale", step), config.hop)
        energy += np.square(cut @ basis(config.bins, config.hop).T).mean(0)
    level = smooth(np.log2(energy + 1e-12))
    scale = np.exp2(config.evenness * (level - level.max()))
    return torch.from_numpy(np.maximum(scale, FLOOR).astype(np.float32))


def smooth(level: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Levels `(bins,)` averaged over about a third of an octave to each side."""
    octave = np.log2(np.arange(len(level)) + 8)
    even = np.linspace(octave[0], octave[-1], 400)
    kernel = np.hanning(41)
    padded = np.pad(np.interp(even, octave, level), 20, mode="edge")
    return np.interp(octave, even, np.convolve(padded, kernel / kernel.sum(), "valid"))
