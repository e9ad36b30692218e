from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from train import checkpoint as checkpoints

Fork = Callable[[list[dict[str, Any]], Path], None]

# What is trained, and where it dies, one life after the other.
DEATHS: dict[str, tuple[list[str], list[list[Any]]]] = {
    "FREE": (
        [],
        [["codes", 4], ["save codes", 6], ["diffusion", 1], ["diffusion", 4], ["joint", 3]],
    ),
    "MU_SPARSE": (
        ["joint_stage.steps=0", "codes_stage.settle=4", "few_stage.steps=5"],
        [["codes", 4], ["codes", 5], ["save codes", 8], ["save diffusion", 5], ["few", 4]],
    ),
    "RVQ": (["diffusion_stage.steps=0", "joint_stage.steps=0"], [["codes", 5]]),
    "groups": (
        ["code.groups=2", "code.sweeps=1", "diffusion_stage.steps=0", "joint_stage.steps=0"],
        [["codes", 5]],
    ),
    "playing": (["diffusion_stage.steps=2"], [["codes", 5], ["joint", 1], ["joint", 4]]),
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
    for name, (changes, deaths) in DEATHS.items():
        own = {"playing": list(playing), "groups": []}
        kind = own.get(name, [f"code.kind={name}"])
        case = {"overrides": [*micro, *kind, *changes]}
        cases.append(case | {"folder": str(folder / f"{name}-whole")})
        cases.append(case | {"folder": str(folder / f"{name}-killed"), "deaths": deaths})
    run_forks(cases, folder)
    return folder


@pytest.mark.parametrize("name", DEATHS)
def test_a_run_killed_at_any_moment_and_resumed_is_as_one_that_was_not(
    name: str, lived: Path, losses: Callable[[Path], dict[tuple[str, int], float]]
) -> None:
    whole, killed = lived / f"{name}-whole", lived / f"{name}-killed"
    assert losses(killed) == losses(whole)
    one, other = (checkpoints.load(run) for run in (whole, killed))
    assert (one.stage, one.step) == (other.stage, other.step)
    assert one.tensors.keys() == other.tensors.keys()
    assert all(torch.equal(one.tensors[key], other.tensors[key]) for key in one.tensors)


def test_what_a_killed_save_left_is_gone_after_the_next(lived: Path) -> None:
    for name in ("FREE-whole", "FREE-killed"):
        assert not [entry for entry in (lived / name).iterdir() if entry.name.startswith(".")]
