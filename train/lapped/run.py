"""A run of the lapped training: its settings, its data, and the checkpoint in its folder."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from runtime.audio.samples import Samples
from runtime.files import replacing
from train.checkpoint import CheckpointError
from train.lapped.config import Lapped, lapped_config
from train.run import TrainingError

CHECKPOINT = "lapped.safetensors"
TABLES = "coder.tables"

MakeCrop = Callable[[str, int], Samples]  # of a stage and a step


@dataclass(frozen=True, eq=False)
class LappedRun:
    """A `config` to train on `crops` of the music named `data`, and the `folder` of the run."""

    config: Lapped
    folder: Path
    data: str
    crops: MakeCrop


@dataclass(frozen=True)
class Point:
    """The state of a run: its settings, the stage, the next step, and every tensor."""

    config: Lapped
    data: str
    stage: str
    step: int
    tensors: dict[str, Tensor]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names start with `prefix.`, named without it."""
        start = len(prefix) + 1
        return {k[start:]: v for k, v in self.tensors.items() if k.startswith(f"{prefix}.")}


def begun(run: LappedRun, resume: bool) -> Point | None:
    """The point from which a run continues, or None for a new run, whose folder is made.

    Raises TrainingError when the folder already holds a run and `resume` is not set, or a run with
    other settings or data, and CheckpointError when there is no run to resume.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        if (run.folder / CHECKPOINT).exists():
            raise TrainingError(f"{run.folder}: holds a run already; use --resume, or another one")
        return None
    point = load(run.folder)
    if (point.config, point.data) != (run.config, run.data):
        raise TrainingError(
            f"{run.folder}: this run has other settings or data; resume it with its own"
        )
    return point


def save(folder: Path, point: Point) -> None:
    """Write the checkpoint; the old one is kept until the new one is complete."""
    config = json.dumps(dataclasses.asdict(point.config))
    facts = {"config": config, "data": point.data, "stage": point.stage, "step": str(point.step)}
    tensors = {name: tensor.contiguous().clone() for name, tensor in point.tensors.items()}
    with replacing(folder / CHECKPOINT, overwrite=True) as temporary:
        save_file(tensors, temporary, facts)


def load(folder: Path) -> Point:
    """Read a run's checkpoint; raises CheckpointError when there is none or it is damaged."""
    path = folder / CHECKPOINT
    if not path.is_file():
        raise CheckpointError(f"{folder}: holds no {CHECKPOINT}; train it first")
    try:
        with safe_open(path, "pt") as file:
            facts = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        config = lapped_config(json.loads(facts["config"]))
        return Point(config, facts["data"], facts["stage"], int(facts["step"]), tensors)
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a complete checkpoint ({error}); restore a copy or train again"
        ) from error
