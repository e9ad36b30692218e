"""The training loop: each stage of a preset in turn, on one process or many.

Data, draws and learning rate are functions of (seed, step), so a run that was killed and resumed
gives the losses of one that was not, and several processes give those of one.
"""

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from runtime.errors import SpikingMusicError
from train import checkpoint as checkpoints
from train.adversary import Adversary
from train.checkpoint import Checkpoint
from train.collapse import collapse
from train.config import Config
from train.data.corpus import Crops, ahead
from train.data.sets import Music
from train.devices import launched
from train.evaluation import evaluate, health, kbps, sound_of, validation_mu
from train.journal import Journal
from train.networks.model import Model
from train.objectives.sparsity import Price
from train.parallel import averaged
from train.stages import (
    Batch,
    Network,
    Part,
    code_losses,
    draw,
    learning_rate,
    parts,
    sound_losses,
    velocity_loss,
)
from train.statistics import recalibrate
from train.warm_start import start_from

CLIP_NORM = 1.0
EVERY = 250  # steps between evaluations and checkpoints
MOST_RELIEF = 8.0  # times that the price of events is halved before a collapse ends the run
BETAS = (0.8, 0.99)


class TrainingError(SpikingMusicError):
    """A run that cannot start or cannot go on."""


@dataclass(frozen=True, eq=False)
class Run:
    """What is trained (`config`), on which `music` (named `data`), into which `folder`."""

    config: Config
    folder: Path
    data: str
    music: Music


def train(run: Run, resume: bool = False) -> None:
    """Train a preset into a folder: checkpoint, log, learning curves, samples, TensorBoard.

    Under `torchrun` every process makes its share of each batch. Raises TrainingError when the
    folder holds a run already and `resume` is not set, or when the training collapses, and
    CheckpointError when the checkpoint is damaged or of other settings.
    """
    fabric = launched()
    start = _start(run, resume, fabric)
    model = Model(run.config)
    if start is not None:
        model.load_state_dict(start.part("model"))
    elif run.config.start_from:
        start_from(model, run.config.start_from)
    model.to(fabric.device)
    todo = parts(run.config)
    first = 0 if start is None else [part.name for part in todo].index(start.stage)
    with Journal(run.folder, run.config, shown=fabric.is_global_zero) as journal:
        for part in todo[first:]:
            _Stage(model, part, run, fabric, journal, start).train()
            start = None


def _start(run: Run, resume: bool, fabric: Fabric) -> Checkpoint | None:
    folder = run.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        if (folder / checkpoints.NAME).exists():
            raise TrainingError(f"{folder}: holds a run already; use --resume, or another folder")
        fabric.barrier()
        return None
    start = checkpoints.load(folder)
    if start.config != run.config or start.data != run.data:
        raise TrainingError(
            f"{folder}: this run has other settings or data; resume it with its own"
        )
    return start


class _Stage:
    """One stage of a run: its networks, averages and optimisers, and the steps over them."""

    def __init__(
        self,
        model: Model,
        part: Part,
        run: Run,
        fabric: Fabric,
        journal: Journal,
        start: Checkpoint | None,
    ) -> None:
        self.model, self.part, self.run = model, part, run
        self.fabric, self.journal = fabric, journal
        modules = {name: getattr(model, name) for name in part.modules}
        self.trained = nn.ModuleDict({k: v for k, v in modules.items() if v is not None})
        model.eval().requires_grad_(False)
        self.trained.train().requires_grad_(True)
        self.average = copy.deepcopy(self.trained)
        self.optimiser = torch.optim.AdamW(
            self.trained.parameters(), part.stage.learning_rate, betas=BETAS, weight_decay=0.01
        )
        self.price = Price(run.config.sparsity)
        self.best_snr_db = -math.inf
        adversary = run.config.adversary
        playing = part.name != "diffusion" and bool(adversary.windows)
        self.adversary = Adversary(adversary).to(fabric.device) if playing else None
        self.first = 0 if start is None else start.step
        if start is not None:
            self._restore(start)
        self.network = fabric.setup_module(Network(model, part))
        batch = part.stage.batch
        if batch % fabric.world_size:
            raise TrainingError(
                f"a batch of {batch} cannot be shared by {fabric.world_size} processes evenly"
            )
        self.share = batch // fabric.world_size
        seed = run.config.seed + ("codes", "diffusion", "joint").index(part.name)
        self.crops = Crops(run.music.train, batch, part.stage.samples, seed)
        self.validation = torch.from_numpy(run.music.validation).unsqueeze(1).to(fabric.device)

    def train(self) -> None:
        """Do all the steps that are left."""
        stage, rank = self.part.stage, self.fabric.global_rank
        items = range(rank * self.share, (rank + 1) * self.share)
        crops = ahead(lambda step: self.crops(step, items), self.first, stage.steps)
        for step, audio in enumerate(crops, self.first):
            began = time.perf_counter()
            batch = draw(self._on_device(audio), self.run.config, step, stage.batch, rank)
            figures = self._step(step, batch)
            figures["seconds"] = time.perf_counter() - began
            done = step + 1
            if done % EVERY == 0 or done == stage.steps:
                figures |= self._judge(done)
            self.journal.write(self.part, step, figures)

    def _step(self, step: int, batch: Batch) -> dict[str, float]:
        outputs = self.network(batch.audio, batch.mu, batch.sigma, batch.noise)
        sound = sound_losses(batch, outputs)
        weight = self.price.weight(step)
        others = velocity_loss(outputs)
        if self.part.trains_code:
            others |= code_losses(self.run.config, batch, outputs, weight)
        named = {name: loss.item() for name, loss in (sound | others).items()}
        figures = averaged({"loss": sum(named.values()), **named, **_of_events(outputs, self.run)})
        if not math.isfinite(figures["loss"]):
            raise TrainingError(
                f"{self.part.name} step {step}: the loss is {figures['loss']}; "
                "lower the learning rate"
            )
        if self.adversary is not None and step >= self.run.config.adversary.start:
            balanced, game = self.adversary.play(batch.audio, outputs["decoded"], sound)
            sound, figures = {"balanced": balanced}, figures | averaged(game)
        self.optimiser.zero_grad()
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.part.stage, self.part.stage.learning_rate, step)
        self.fabric.backward(sum((sound | others).values(), torch.zeros(())))
        norm = nn.utils.clip_grad_norm_(self.trained.parameters(), CLIP_NORM)
        self.optimiser.step()
        _follow(self.average, self.trained, min(self.part.stage.ema, (step + 1) / (step + 10)))
        if "density" in figures and self.part.trains_code:
            self.price.follow(step, figures["density"])
            figures["price_weight"] = weight
        return figures | {"gradient": norm.item()}

    def _judge(self, done: int) -> dict[str, float]:
        """Evaluate the averaged weights, write samples, look for a collapse, save."""
        own = {name: tensor.clone() for name, tensor in self.trained.state_dict().items()}
        self._wear_average()
        config, part = self.run.config, self.part
        figures = evaluate(self.model, self.validation, part, config)
        if self.fabric.is_global_zero:
            clip, mu = self.validation[:1], validation_mu(config, 3)[1:2].to(self.fabric.device)
            decoded = sound_of(self.model, clip, mu, part)
            self.journal.sound(part, done, clip[0, 0].cpu().numpy(), decoded)
        finished = done == part.stage.steps
        if not finished:
            self.trained.load_state_dict(own)
            self.trained.train()
        if part.trains_code:
            self._look_for_collapse(figures, done)
        if self.fabric.is_global_zero:
            self._save(done)
        self.fabric.barrier()
        return figures

    def _look_for_collapse(self, figures: dict[str, float], done: int) -> None:
        now = health(figures)
        fault = collapse(now, self.best_snr_db) if now else None
        self.best_snr_db = max(self.best_snr_db, figures.get("valid_snr_db", -math.inf))
        if fault is None:
            return
        if self.price.weight(done) > 0 and self.price.relief < MOST_RELIEF:
            self.price.relieve()
            self.journal.say(f"step {done}: {fault}; the price of events is halved")
        elif done >= 2 * EVERY:  # units die and revive before batch norm has settled
            raise TrainingError(
                f"{self.part.name} step {done}: {fault}; lower sparsity.weight "
                "or the learning rate, and train again"
            )

    def _wear_average(self) -> None:
        """Give the model the averaged weights, with statistics measured for them."""
        self.trained.load_state_dict(self.average.state_dict())
        self.trained.eval()
        if self.part.trains_code:
            stage, config = self.part.stage, self.run.config

            def unseen(index: int) -> tuple[Tensor, Tensor]:
                step = stage.steps + index
                audio = self._on_device(self.crops(step, range(stage.batch)))
                return audio, draw(audio, config, step, stage.batch, 0).mu

            recalibrate(self.model, unseen)

    def _on_device(self, audio: np.ndarray[Any, np.dtype[np.float32]]) -> Tensor:
        return torch.from_numpy(audio).unsqueeze(1).to(self.fabric.device)

    def _save(self, done: int) -> None:
        tensors = {
            **_named("model", self.model.state_dict()),
            **_named("average", self.average.state_dict()),
            **_named("optimiser", checkpoints.optimiser_tensors(self.optimiser)),
            **_named("price", self.price.state_dict()),
            "best.snr_db": torch.tensor(self.best_snr_db),
        }
        if self.adversary is not None:
            tensors |= _named("adversary", self.adversary.state())
        run = self.run
        checkpoints.save(
            run.folder, Checkpoint(run.config, run.data, self.part.name, done, tensors)
        )

    def _restore(self, start: Checkpoint) -> None:
        self.average.load_state_dict(start.part("average"))
        checkpoints.restore_optimiser(self.optimiser, start.part("optimiser"))
        self.price.load_state_dict(start.part("price"))
        self.best_snr_db = start.tensors["best.snr_db"].item()
        if self.adversary is not None:
            self.adversary.restore(start.part("adversary"))


def _of_events(outputs: dict[str, Tensor], run: Run) -> dict[str, float]:
    figures = {}
    if outputs["events"].shape[1]:
        density = outputs["events"].mean().item()
        figures = {"density": density, "kbps": kbps(density, run.config.code.units)}
    return figures


@torch.no_grad()
def _follow(average: nn.Module, trained: nn.Module, keep: float) -> None:
    for mean, now in zip(average.state_dict().values(), trained.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - keep)
        else:
            mean.copy_(now)


def _named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}
