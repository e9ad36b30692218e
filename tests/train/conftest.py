"""Trainings of seconds: micro networks, and their runs in processes that may be killed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from train import loop
from train.log import LOG

torch.set_num_threads(1)  # micro networks gain nothing by more, and lose much on a busy machine

MICRO = (
    "encoder.filters=2",
    "encoder.ratios=[32,16]",
    "waveform.filters=2",
    "waveform.ratios=[32,16]",
    "waveform.frame_dilations=[1]",
    "code.latent=8",
    "code.units=6",
    "conformer.heads=2",
    "rvq.quantisers=2",
    "rvq.codes=8",
    "sparsity.ramp_start=2",
    "sparsity.ramp_end=6",
    "adversary.filters=2",
    "unet.channels=[8,8,8]",
    "unet.features=8",
    *(
        f"{stage}_stage.{key}={value}"
        for stage, steps in (("codes", 8), ("diffusion", 5), ("joint", 5), ("few", 0))
        for key, value in (("steps", steps), ("batch", 2), ("samples", 4096))
    ),
)
PLAYING = ("adversary.windows=[256,128]", "adversary.start=1")

Losses = dict[tuple[str, int], float]


@pytest.fixture(scope="session")
def micro() -> tuple[str, ...]:
    """Overrides that make a preset so small that a step takes milliseconds."""
    return MICRO


@pytest.fixture(scope="session")
def playing() -> tuple[str, ...]:
    """Overrides that add a discriminator to it."""
    return PLAYING


@pytest.fixture(scope="session")
def losses() -> Callable[[Path], Losses]:
    """A run's losses by stage and step; a step done twice counts as done last."""

    def read(folder: Path) -> Losses:
        rows = map(json.loads, (folder / LOG).read_text().splitlines())
        return {(row["stage"], row["step"]): row["loss"] for row in rows}

    return read


@pytest.fixture(scope="session")
def run_forks() -> Callable[[list[dict[str, Any]], Path], None]:
    """Live the cases of `forks.py`, one after the other."""

    def run(cases: list[dict[str, Any]], folder: Path) -> None:
        path = folder / "cases.json"
        path.write_text(json.dumps(cases))
        script = Path(__file__).with_name("forks.py")
        root = str(Path(loop.__file__).parents[1])
        done = subprocess.run(
            [sys.executable, str(script), str(path)],
            env=os.environ | {"PYTHONPATH": root},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr[-3000:]

    return run
