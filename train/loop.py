"""The training loop: codes with the waveform decoder first, then the diffusion decoder.

Data, noise and learning rate are functions of (seed, step), so a run that was killed and resumed
gives the losses of one that was not.
"""

import copy
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import Progress
from torch import Tensor, nn

from runtime.errors import SpikingMusicError
from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.config import Config, Stage
from train.data.corpus import Crops, ahead
from train.data.sets import Music
from train.evaluation import evaluate
from train.networks.model import Model
from train.objectives.losses import diffuse, mel_distance, noise_ratio
from train.plot import LOG, plot
from train.statistics import recalibrate

WARM_UP = 100
CLIP_NORM = 1.0
MEL_WEIGHT = 0.5
EVERY = 250  # steps between evaluations and checkpoints
STAGES = ("codes", "diffusion")

Figures = dict[str, float]
Objective = Callable[[Model, Tensor, int], tuple[Tensor, Figures]]


class TrainingError(SpikingMusicError):
    """A run that cannot start or cannot go on."""


@dataclass(frozen=True, eq=False)
class Run:
    """What is trained (`config`), on which `music` (named `data`), into which `folder`."""

    config: Config
    folder: Path
    data: str
    music: Music


@dataclass(frozen=True)
class Part:
    """One stage of a run: its name, its settings, the modules it trains, and its objective."""

    name: str
    stage: Stage
    modules: tuple[str, ...]
    objective: Objective


def train(run: Run, resume: bool = False) -> None:
    """Train a preset into a folder: `checkpoint.safetensors`, `log.jsonl` and `log.png`.

    Raises TrainingError when the folder holds a run already and `resume` is not set, and
    CheckpointError when the checkpoint is damaged or of other settings.
    """
    model = Model(run.config)
    start = _start(model, run, resume)
    parts = _parts(run.config)
    first = 0 if start is None else [part.name for part in parts].index(start.stage)
    with Progress(console=Console(stderr=True)) as progress:
        for part in parts[first:]:
            _train(model, part, run, progress, start)
            plot(run.folder)
            start = None


def _parts(config: Config) -> list[Part]:
    codes = Part(
        "codes", config.codes_stage, ("encoder", "bottleneck", "waveform"), codes_objective
    )
    end_to_end = config.codes_stage.steps == 0
    trained = ("encoder", "bottleneck", "unet") if end_to_end else ("unet",)
    diffusion = Part("diffusion", config.diffusion_stage, trained, diffusion_objective)
    return [part for part in (codes, diffusion) if part.stage.steps]


def _start(model: Model, run: Run, resume: bool) -> Checkpoint | None:
    folder = run.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        if (folder / checkpoints.NAME).exists():
            raise TrainingError(f"{folder}: holds a run already; use --resume, or another folder")
        (folder / LOG).unlink(missing_ok=True)
        return None
    start = checkpoints.load(folder)
    if start.config != run.config or start.data != run.data:
        raise TrainingError(
            f"{folder}: this run has other settings or data; resume it with its own"
        )
    model.load_state_dict(start.part("model"))
    return start


def _train(
    model: Model, part: Part, run: Run, progress: Progress, start: Checkpoint | None
) -> None:
    stage = part.stage
    trained = nn.ModuleDict({name: getattr(model, name) for name in part.modules})
    model.eval().requires_grad_(False)
    trained.train().requires_grad_(True)
    average = copy.deepcopy(trained)
    optimiser = torch.optim.AdamW(
        trained.parameters(), stage.learning_rate, betas=(0.8, 0.99), weight_decay=0.01
    )
    first = 0
    if start is not None:
        first = start.step
        average.load_state_dict(start.part("average"))
        checkpoints.restore_optimiser(optimiser, start.part("optimiser"))
    seed = run.config.seed + STAGES.index(part.name)
    crops = Crops(run.music.train, stage.batch, stage.samples, seed)
    task = progress.add_task(part.name, total=stage.steps, completed=first)
    for step, batch in enumerate(ahead(crops, first, stage.steps), first):
        began = time.perf_counter()
        _set_learning_rate(optimiser, stage, step)
        loss, figures = part.objective(model, torch.from_numpy(batch).unsqueeze(1), step)
        if not math.isfinite(loss.item()):
            raise TrainingError(
                f"{part.name} step {step}: the loss is {loss.item()}; lower the learning rate"
            )
        optimiser.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(trained.parameters(), CLIP_NORM)
        optimiser.step()
        _follow(average, trained, min(stage.ema, (step + 1) / (step + 10)))
        figures |= {"gradient": norm.item(), "seconds": time.perf_counter() - began}
        done = step + 1
        saving = done % EVERY == 0 or done == stage.steps
        if saving:
            own = {name: tensor.clone() for name, tensor in trained.state_dict().items()}
            _wear(average, model, trained, part, crops)
            figures |= evaluate(model, run.music.validation, part.name)
        _log(run.folder, {"stage": part.name, "step": step, "loss": loss.item(), **figures})
        if saving:
            if done < stage.steps:
                trained.load_state_dict(own)
                trained.train()
            _save(model, average, optimiser, part, done, run)
        progress.update(task, completed=done)


def codes_objective(model: Model, audio: Tensor, step: int) -> tuple[Tensor, Figures]:
    """Noise ratio (dB / 10) and mel distance of the waveform decoder's sound."""
    events = model.events(audio)
    decoded = model.waveform(events)
    ratio = noise_ratio(audio, decoded).mean()
    mel = mel_distance(audio, decoded)
    figures = {"snr_db": -ratio.item(), "mel": mel.item(), "density": events.mean().item()}
    return 0.1 * ratio + MEL_WEIGHT * mel, figures


def diffusion_objective(model: Model, audio: Tensor, step: int) -> tuple[Tensor, Figures]:
    """Squared error of the velocity, over its power, at noise levels spread over the batch.

    Relative to each crop's power, since a crop that the codes miss would outweigh all others.
    """
    generator = torch.Generator().manual_seed(step)
    events = model.events(audio)
    base, target = model.residual(audio, events)
    batch = len(audio)
    sigma = (torch.rand(1, generator=generator) + torch.arange(batch) / batch) % 1
    noise = torch.randn(audio.shape, generator=generator)
    sample, velocity = diffuse(target, noise, sigma)
    error = (model.unet(sample, sigma, events, base) - velocity).square().mean((1, 2))
    loss = (error / velocity.square().mean((1, 2))).mean()
    return loss, {"density": events.mean().item()}


def _set_learning_rate(optimiser: torch.optim.Optimizer, stage: Stage, step: int) -> None:
    cosine = 0.5 * (1 + math.cos(math.pi * step / stage.steps))
    for group in optimiser.param_groups:
        group["lr"] = stage.learning_rate * cosine * min(1.0, (step + 1) / WARM_UP)


@torch.no_grad()
def _follow(average: nn.Module, trained: nn.Module, keep: float) -> None:
    for mean, now in zip(average.state_dict().values(), trained.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - keep)
        else:
            mean.copy_(now)


def _wear(average: nn.Module, model: Model, trained: nn.Module, part: Part, crops: Crops) -> None:
    """Give the model the averaged weights, with statistics measured for them, to be judged by."""
    trained.load_state_dict(average.state_dict())
    trained.eval()
    if "bottleneck" in part.modules:
        unseen = part.stage.steps
        recalibrate(model, lambda i: torch.from_numpy(crops(unseen + i)).unsqueeze(1))


def _save(
    model: Model,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    part: Part,
    step: int,
    run: Run,
) -> None:
    tensors = {
        **{f"model.{k}": v for k, v in model.state_dict().items()},
        **{f"average.{k}": v for k, v in average.state_dict().items()},
        **{f"optimiser.{k}": v for k, v in checkpoints.optimiser_tensors(optimiser).items()},
    }
    checkpoints.save(run.folder, Checkpoint(run.config, run.data, part.name, step, tensors))


def _log(folder: Path, row: dict[str, object]) -> None:
    with (folder / LOG).open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
