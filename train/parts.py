"""Train the parts of a model one after another, each by a loss of its own, one crop a step."""

import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor, nn

from runtime.audio.samples import Samples
from runtime.errors import TrainingError
from train import checkpoint as checkpoints
from train import log
from train.checkpoint import Checkpoint, Settings, named, optimiser_tensors, restore_optimiser
from train.interrupt import Interrupt, interruptible

EVERY = 100  # steps between checkpoints
WARM_UP = 20  # steps
CLIP_NORM = 5.0

MakeCrop = Callable[[str, int], Samples]  # of a stage and a step
Network = TypeVar("Network", bound=nn.Module)
Crop = TypeVar("Crop")


@dataclass(frozen=True)
class Stage:
    """The training of one part: `steps` of one crop each, and the peak `learning_rate`."""

    steps: int
    learning_rate: float


@dataclass(frozen=True)
class Part(Generic[Network, Crop]):
    """What a stage trains, and the loss of a crop in a step, which it minimises."""

    modules: tuple[str, ...]
    loss: Callable[[Network, Crop, int], Tensor]


@dataclass(frozen=True, eq=False)
class PartsRun(ABC, Generic[Settings]):
    """A `config` to train on `crops` of the music named `data`, and the `folder` of the run.

    The config has a `NAME_stage` for each part.
    """

    config: Settings
    folder: Path
    data: str
    crops: MakeCrop

    CHECKPOINT: ClassVar[str]  # its name in the folder

    @staticmethod
    @abstractmethod
    def settings(tree: Any) -> Settings:
        """The config from nested dictionaries; raises ConfigError on any misfit."""

    @classmethod
    def load(cls, folder: Path) -> Checkpoint[Settings]:
        """See `train.checkpoint.read`."""
        return checkpoints.read(folder, cls.CHECKPOINT, cls.settings)

    def begun(self, resume: bool) -> Checkpoint[Settings] | None:
        """The checkpoint from which to go on, or None for a new run, whose folder is made.

        Raises TrainingError when the folder already holds a run and `resume` is not set, or a run
        with other settings or data, and CheckpointError when there is no run to resume.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        if not resume:
            if (self.folder / self.CHECKPOINT).exists():
                raise TrainingError(
                    f"{self.folder}: holds a run already; use --resume, or another one"
                )
            return None
        start = self.load(self.folder)
        if (start.config, start.data) != (self.config, self.data):
            raise TrainingError(
                f"{self.folder}: this run has other settings or data; resume it with its own"
            )
        return start


def train_parts(
    run: PartsRun[Settings],
    model: Network,
    parts: Mapping[str, Part[Network, Crop]],
    make: Callable[[str, int], Crop],
    start: Checkpoint[Settings] | None,
) -> None:
    """Train the parts in turn, on the crops that `make` makes of a part's name and a step.

    With `start`, from there on. Ctrl-C saves the step and raises KeyboardInterrupt.
    """
    names = list(parts)
    with interruptible(alone=True) as interrupt:
        for name in names if start is None else names[names.index(start.stage) :]:
            _train_part(run, model, name, parts[name], make, start, interrupt)
            start = None


def _train_part(
    run: PartsRun[Settings],
    model: Network,
    name: str,
    part: Part[Network, Crop],
    make: Callable[[str, int], Crop],
    start: Checkpoint[Settings] | None,
    interrupt: Interrupt,
) -> None:
    stage = stage_of(run.config, name)
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
        loss = part.loss(model, make(name, step), step)
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
            saved = Checkpoint(run.config, run.data, name, step + 1, tensors)
            checkpoints.save(run.folder, saved, run.CHECKPOINT)
        if interrupt.asked:
            print(f"step {step + 1} of {name} is saved; go on with --resume", file=sys.stderr)
            raise KeyboardInterrupt


def stage_of(config: Any, name: str) -> Stage:
    """The stage that trains the part of that name."""
    stage: Stage = getattr(config, f"{name}_stage")
    return stage


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


def pace(stage: Stage, step: int) -> float:
    """The learning rate of a step: it rises, stays, and falls to zero in the second half."""
    share = step / stage.steps
    return stage.learning_rate * min(1.0, (step + 1) / WARM_UP, 2 * (1 - share) + 0.01)
