"""Micro trainings in processes of their own: `python forks.py CASES.json`.

What is slow to import is imported once; each training is a fork, or several that find each other
as those of `torchrun` do, and may die by SIGKILL where its case says so.
"""

import json
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from train import checkpoint as checkpoints
from train import journal, loop
from train.config import load_preset
from train.data.sets import Music
from train.loop import train
from train.run import Run

SAMPLES = 4096


@dataclass(frozen=True)
class Tones:
    """A source of music: plucked tones, a third of a second each."""

    pitch: float
    frames: int = 3 * 22_050

    @property
    def name(self) -> str:
        return f"{self.pitch} Hz"

    def read(self, start: int, frames: int) -> npt.NDArray[np.float32]:
        time = np.arange(start, start + frames) / 22_050
        pitch = self.pitch * 2 ** (np.floor(time * 3) % 5 / 12)
        sound = 0.3 * np.sin(2 * np.pi * pitch * time) * np.exp(-(time % (1 / 3)) * 6)
        return sound.astype(np.float32)


def music() -> Music:
    clips = np.stack([Tones(pitch).read(2000, SAMPLES) for pitch in (220.0, 330.0)])
    return Music([Tones(pitch) for pitch in (220.0, 330.0, 440.0)], clips)


def lives(case: dict[str, Any], resume: bool, death: list[Any] | None, rank: int) -> None:
    """One life of a training, in this process."""
    torch.set_num_threads(1)
    loop.BATCHES = 2
    journal.write_samples = journal.plot = lambda *_: None
    if "ranks" in case:
        shows(f"{case['folder']}.rank{rank}")
    if death:
        dies(*death)
    # Ranks but the first are to write nothing, so their folder has to stay empty.
    folder = Path(case["folder"] + (f".files{rank}" if rank else ""))
    run = Run(load_preset("tiny", case["overrides"]), folder, "tones", music(), every=3)
    train(run, resume)


def shows(path: str) -> None:
    """Write what this rank holds at each save, also if it is not the one that saves."""
    keep = loop._Trainer._save

    def save(stage: loop._Trainer, done: int) -> None:
        torch.save(stage.tensors(), path)
        keep(stage, done)

    loop._Trainer._save = save  # type: ignore[method-assign]


def dies(name: str, moment: int) -> None:
    """Be killed before the step `moment` of a stage is noted, or in the middle of a save."""
    note, save = journal.Journal.write, checkpoints.save_file

    def write(self: Any, stage: Any, step: int, figures: Any) -> None:
        if (stage.name, step) == (name, moment):
            os.kill(os.getpid(), signal.SIGKILL)
        note(self, stage, step, figures)

    def save_half(tensors: Any, path: Path, metadata: dict[str, str]) -> None:
        save(tensors, path, metadata)
        if (f"save {metadata['stage']}", int(metadata["step"])) == (name, moment):
            os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)

    journal.Journal.write = write  # type: ignore[method-assign]
    checkpoints.save_file = save_half


def forked(case: dict[str, Any], resume: bool, death: list[Any] | None) -> list[int]:
    """The exit statuses of a life's processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ranks, children = case.get("ranks", 1), []
    for rank in range(ranks):
        child = os.fork()
        if child == 0:
            group = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "MASTER_PORT": port}
            group |= {"LOCAL_WORLD_SIZE": ranks, "GROUP_RANK": 0, "MASTER_ADDR": "127.0.0.1"}
            if ranks > 1:
                group["TORCHELASTIC_RUN_ID"] = "forks"
                os.environ.update({name: str(value) for name, value in group.items()})
            try:
                lives(case, resume, death, rank)
                os._exit(0)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


if __name__ == "__main__":
    for case in json.loads(Path(sys.argv[1]).read_text()):
        for number, death in enumerate([*case.get("deaths", []), None]):
            codes = forked(case, number > 0, death)
            assert codes == [-signal.SIGKILL if death else 0] * len(codes), (case, death, codes)
