"""Two processes are to be one: the same losses, weights, statistics and codebooks."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile
import torch

from train import checkpoint as checkpoints
from train.config import SAMPLE_RATE

Fork = Callable[[list[dict[str, Any]], Path], None]

# On the grid of a chip a last bit more or less may be another event, and then another training.
ANALOGUE = ["code.on_grid=false", "codes_stage.batch=4", "diffusion_stage.batch=4"]
CASES = {
    "FREE": ["joint_stage.batch=4"],
    "MU_SPARSE": ["diffusion_stage.steps=0", "joint_stage.steps=0"],
    "RVQ": ["diffusion_stage.steps=0", "joint_stage.steps=0"],
    "playing": ["diffusion_stage.steps=0", "joint_stage.steps=0"],
}


@pytest.fixture(scope="module")
def lived(
    tmp_path_factory: pytest.TempPathFactory,
    micro: tuple[str, ...],
    playing: tuple[str, ...],
    run_forks: Fork,
) -> Path:
    folder = tmp_path_factory.mktemp("lives")
    cases = []
    for name, changes in CASES.items():
        kind = list(playing) if name == "playing" else [f"code.kind={name}"]
        case = {"overrides": [*micro, *ANALOGUE, *kind, *changes]}
        cases.append(case | {"folder": str(folder / f"{name}-one")})
        cases.append(case | {"folder": str(folder / f"{name}-two"), "ranks": 2})
    run_forks(cases, folder)
    return folder


@pytest.mark.parametrize("name", CASES)
def test_two_processes_give_the_losses_of_one(
    name: str, lived: Path, losses: Callable[[Path], dict[tuple[str, int], float]]
) -> None:
    one, two = (losses(lived / f"{name}-{count}") for count in ("one", "two"))
    assert len(one) >= 8
    assert two == pytest.approx(one, rel=1e-4)


@pytest.mark.parametrize("name", CASES)
def test_the_processes_agree_on_all_that_a_checkpoint_holds(name: str, lived: Path) -> None:
    first, second = (torch.load(lived / f"{name}-two.rank{rank}") for rank in (0, 1))
    saved = checkpoints.load(lived / f"{name}-two").tensors
    assert first.keys() == second.keys() == saved.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert all(torch.equal(first[key], saved[key]) for key in first)


@pytest.mark.parametrize("name", CASES)
def test_statistics_codebooks_and_balances_are_those_of_one(name: str, lived: Path) -> None:
    one, two = (checkpoints.load(lived / f"{name}-{count}").tensors for count in ("one", "two"))
    shared = [key for key in one if "running_" in key or "codebooks" in key or "balancer" in key]
    assert shared
    for key in shared:
        torch.testing.assert_close(two[key], one[key], rtol=1e-3, atol=1e-4, msg=key)


@pytest.mark.parametrize("name", CASES)
def test_the_first_process_alone_writes(name: str, lived: Path) -> None:
    assert (lived / f"{name}-two" / checkpoints.NAME).exists()
    assert not list((lived / f"{name}-two.files1").iterdir())


def launched(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`torchrun --no-python spiking-music train` on two processes, where files have our names."""
    here = folder.with_name("here")
    here.mkdir()
    for name in ("runtime", "neuromorphic", "train", "export", "hardware_configs", "spiking_music"):
        (here / f"{name}.py").write_text("raise SystemExit('not this one')")
    torchrun = [sys.executable, "-P", "-m", "torch.distributed.run"]
    command = Path(sys.executable).with_name("spiking-music")
    line = [*torchrun, "--standalone", "--nproc-per-node", "2", "--no-python", str(command)]
    return subprocess.run(
        [*line, "train", "tiny", str(folder), *arguments],
        cwd=here,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=1200,
    )


@pytest.fixture
def arguments(tmp_path: Path, micro: tuple[str, ...]) -> list[str]:
    music = tmp_path / "music"
    music.mkdir()
    sound = 0.1 * torch.randn(2 * SAMPLE_RATE).numpy()
    for name in ("a", "b"):
        soundfile.write(music / f"{name}.flac", sound, SAMPLE_RATE)
    changes = [*micro, "diffusion_stage.steps=0", "joint_stage.steps=0", "codes_stage.steps=2"]
    settings = [part for change in changes for part in ("--set", change)]
    return ["--data", str(music), "--cache", str(tmp_path / "cache"), *settings]


def test_torchrun_trains_by_the_command_line(tmp_path: Path, arguments: list[str]) -> None:
    done = launched(tmp_path / "run", *arguments)
    assert done.returncode == 0, done.stderr[-3000:]
    assert checkpoints.load(tmp_path / "run").step == 2


def test_a_rank_that_fails_ends_the_other(tmp_path: Path, arguments: list[str]) -> None:
    """The first process cannot write its log; the second would wait for it for ever."""
    (tmp_path / "run" / "log.jsonl").mkdir(parents=True)
    done = launched(tmp_path / "run", *arguments)
    assert done.returncode != 0
    assert "log.jsonl" in done.stderr
