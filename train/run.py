"""A run: its settings, its music, its folder, and the checkpoint that it resumes from."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lightning_fabric import Fabric

from runtime.audio.samples import Samples
from runtime.errors import TrainingError
from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.config import STAGES, Config
from train.data.crops import Crops
from train.data.sets import Music
from train.stages import Stage

MakeCrops = Callable[[int, range], Samples]


@dataclass(frozen=True, eq=False)
class Run:
    """A run of `config` on `music` (named `data`), which writes to `folder`."""

    config: Config
    folder: Path
    data: str
    music: Music
    every: int = 250  # steps between evaluations and checkpoints

    def crops(self, stage: Stage) -> MakeCrops:
        """The crops of a stage, as a function of the step and of the items of its batch."""
        seed = self.config.seed + STAGES.index(stage.name)
        return Crops(self.music.train, stage.schedule.batch, stage.schedule.samples, seed)


def begun(run: Run, resume: bool, fabric: Fabric) -> Checkpoint[Config] | None:
    """The checkpoint that a run resumes from, or None for a new run, whose folder is created.

    Stages that it has not reached may have new settings, so that a finished run can be extended.
    Raises TrainingError when the folder already holds a run and `resume` is not set, or a run with
    other settings, and CheckpointError when the checkpoint is missing or damaged.
    """
    folder = run.folder
    folder.mkdir(parents=True, exist_ok=True)
    if not resume:
        if (folder / checkpoints.NAME).exists():
            raise TrainingError(f"{folder}: holds a run already; use --resume, or another folder")
        fabric.barrier()
        return None
    start = checkpoints.load(folder)
    if not _goes_on(start, run.config) or start.data != run.data:
        raise TrainingError(
            f"{folder}: this run has other settings or data; resume it with its own"
        )
    return start


def _goes_on(start: Checkpoint[Config], config: Config) -> bool:
    ahead = [f"{name}_stage" for name in STAGES[STAGES.index(start.stage) + 1 :]]
    changed = {name: getattr(config, name) for name in ahead}
    return dataclasses.replace(start.config, **changed) == config
