"""The training loop of the lapped codec: scale, one stage for each part, coder's tables."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from runtime.bundle import TABLES
from runtime.files import replacing
from runtime.lapped.model import CHUNK_FRAMES
from runtime.lapped.transform import basis, frames
from train import log
from train.checkpoint import named, optimiser_tensors, restore_optimiser
from train.coder_tables import learned_tables
from train.data.crops import Crops
from train.data.sets import Music
from train.interrupt import Interrupt, interruptible
from train.lapped.config import Lapped, Stage
from train.lapped.losses import (
    Loss,
    corrections_of,
    joint_loss,
    moved_levels,
    noise_loss,
    refiner_loss,
    units_loss,
)
from train.lapped.model import FLOOR, Crop, Model, crop
from train.lapped.residual import diffusion_loss, envelope_loss
from train.lapped.run import LappedRun, MakeCrop, Saved, begun, save

EVERY = 100  # steps between checkpoints
WARM_UP = 20  # steps
CLIP_NORM = 5.0
SCALE_CROPS = 100
MOST_OCTAVES = 3.4  # of the usual steps of files, relative to the level of the sound


@dataclass(frozen=True)
class Part:
    """What a stage trains, and the loss that it minimises."""

    modules: tuple[str, ...]
    loss: Loss


PARTS = {
    "units": Part(("units", "mover", "rate"), units_loss),
    "refiner": Part(("refiner",), refiner_loss),
    "joint": Part(("units", "mover", "rate", "refiner"), joint_loss),
    "noise": Part(("noise",), noise_loss),
    "envelope": Part(("envelope",), envelope_loss),
    "diffusion": Part(("envelope", "velocity"), diffusion_loss),
}
# What has its own draw of music; the position is part of the seed, so new names go to the end.
CROPS = ("scale", "units", "refiner", "joint", "noise", "tables", "envelope", "diffusion")


def crops_of(config: Lapped, music: Music) -> MakeCrop:
    """The crops of each stage: pure functions of its name and the step."""
    frames = dict.fromkeys(CROPS, config.frames) | {"tables": CHUNK_FRAMES}
    made = {
        name: Crops(music.train, 1, count * config.hop, config.seed + i)
        for i, (name, count) in enumerate(frames.items())
    }
    return lambda stage, step: made[stage](step)[0]


def train(run: LappedRun, resume: bool = False) -> None:
    """Train into a folder: checkpoint, log, and the coder's tables when all is done.

    Raises what `run.begun` raises.
    """
    start = begun(run, resume)
    model = Model(run.config)
    if start is None:
        model.scale.copy_(measured_scale(run))
    else:
        model.load_state_dict(start.part("model"))
    stages = list(PARTS)
    with interruptible(alone=True) as interrupt:
        for name in stages if start is None else stages[stages.index(start.stage) :]:
            _train_part(run, model, name, start, interrupt)
            start = None
    write_tables(run, model)


def _train_part(
    run: LappedRun, model: Model, name: str, start: Saved | None, interrupt: Interrupt
) -> None:
    part, stage = PARTS[name], _stage(run.config, name)
    model.requires_grad_(False)
    trained = nn.ModuleList(getattr(model, module) for module in part.modules)
    trained.requires_grad_(True)
    optimiser = torch.optim.Adam(trained.parameters(), stage.learning_rate)
    first = 0
    if start is not None and start.step:
        first = start.step
        restore_optimiser(optimiser, start.part("optimiser"))
    for step in told(range(first, stage.steps), name):
        began = time.perf_counter()
        for group in optimiser.param_groups:
            group["lr"] = pace(stage, step)
        loss = part.loss(model, _crop(run, model, name, step), step)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained.parameters(), CLIP_NORM)
        optimiser.step()
        seconds = time.perf_counter() - began
        row = {"stage": name, "step": step, "loss": loss.item(), "seconds": seconds}
        log.append(run.folder, row)
        if (step + 1) % EVERY == 0 or step + 1 == stage.steps or interrupt.asked:
            tensors = named("model", model.state_dict())
            tensors |= named("optimiser", optimiser_tensors(optimiser))
            save(run.folder, Saved(run.config, run.data, name, step + 1, tensors))
        if interrupt.asked:
            print(f"step {step + 1} of {name} is saved; go on with --resume", file=sys.stderr)
            raise KeyboardInterrupt


def told(steps: range, name: str) -> Iterator[int]:
    """Yield steps and show progress: a bar on a terminal, elsewhere a line now and then."""
    console = Console(stderr=True)
    if console.is_terminal:
        yield from track(steps, name, console=console)
        return
    last = time.monotonic()
    for step in steps:
        yield step
        if time.monotonic() - last >= log.EVERY:
            last = time.monotonic()
            print(f"{name} {step + 1}/{steps.stop}", file=sys.stderr, flush=True)


def _stage(config: Lapped, name: str) -> Stage:
    stage: Stage = getattr(config, f"{name}_stage")
    return stage


def _crop(run: LappedRun, model: Model, name: str, step: int) -> Crop:
    rng = np.random.default_rng([run.config.seed, CROPS.index(name), step])
    return crop(run.crops(name, step), rng.uniform(*run.config.octaves), model.chip())


def pace(stage: Stage, step: int) -> float:
    """The learning rate of a step: it rises, stays, and falls to zero in the second half."""
    share = step / stage.steps
    return stage.learning_rate * min(1.0, (step + 1) / WARM_UP, 2 * (1 - share) + 0.01)


def measured_scale(run: LappedRun) -> Tensor:
    """Each bin's step over the chunk's, `(bins,)`: its mean energy to the power `evenness`."""
    config = run.config
    energy = np.zeros(config.bins)
    for step in range(SCALE_CROPS):
        cut = frames(run.crops("scale", step), config.hop)
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


def write_tables(run: LappedRun, model: Model) -> None:
    """Learn the coder's tables from music at all steps, and write them beside the checkpoint.

    Half of the chunks use the chip's thresholds, half those moved by the host.
    """
    config, units = run.config, model.chip()
    chunks, moves = [], []
    for step in track(range(config.table_crops), "tables", console=Console(stderr=True)):
        rng = np.random.default_rng([config.seed, CROPS.index("tables"), step])
        octave = rng.uniform(config.octaves[0], min(config.octaves[1], MOST_OCTAVES))
        made = crop(run.crops("tables", step), octave, units)
        q = made.levels(units) if step % 2 else moved_levels(model, made)
        chunks.append(q[0].numpy().astype(np.int32))
        moves.append(corrections_of(model, made).astype(np.int8))
    spacing = config.sample_rate / 2 / config.hop
    with replacing(run.folder / TABLES, overwrite=True) as temporary:
        temporary.write_bytes(learned_tables(chunks, spacing, moves).packed())
