"""A run of the lapped training: its settings, its data, and the checkpoint in its folder."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runtime.audio.samples import Samples
from runtime.errors import TrainingError
from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.lapped.config import Lapped, lapped_config

CHECKPOINT = "lapped.safetensors"

MakeCrop = Callable[[str, int], Samples]  # of a stage and a step


@dataclass(frozen=True, eq=False)
class LappedRun:
    """A `config` to train on `crops` of the music named `data`, and the `folder` of the run."""

    config: Lapped
    folder: Path
    data: str
    crops: MakeCrop


Saved = Checkpoint[Lapped]


def begun(run: LappedRun, resume: bool) -> Saved | None:
    """The checkpoint that a run continues from, or None for a new run, whose folder is made.

    Raises TrainingError when the folder already holds a run and `resume` is not set, or a run with
    other settings or data, and CheckpointError when there is no run to resume.
    """
    run.folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        if (run.folder / CHECKPOINT).exists():
            raise TrainingError(f"{run.folder}: holds a run already; use --resume, or another one")
        return None
    start = load(run.folder)
    if (start.config, start.data) != (run.config, run.data):
        raise TrainingError(
            f"{run.folder}: this run has other settings or data; resume it with its own"
        )
    return start


def save(folder: Path, saved: Saved) -> None:
    """See `train.checkpoint.save`."""
    checkpoints.save(folder, saved, CHECKPOINT)


def load(folder: Path) -> Saved:
    """See `train.checkpoint.read`."""
    return checkpoints.read(folder, CHECKPOINT, lapped_config)
