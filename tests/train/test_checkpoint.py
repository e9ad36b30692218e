import resource
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import OutputError
from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.config import load_preset


def made(step: int, value: float = 0.0) -> Checkpoint:
    tensors = {"model.a.b": torch.full((3, 4, 5), value), "price.c": torch.tensor(step)}
    return Checkpoint(load_preset("tiny", [f"seed={step}"]), "maestro:DIR", "codes", step, tensors)


@given(st.integers(0, 10**6), st.floats(width=32, allow_nan=False))
@settings(max_examples=20)
def test_what_is_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, step: int, value: float
) -> None:
    folder, saved = tmp_path_factory.mktemp("run"), made(step, value)
    checkpoints.save(folder, saved)
    found = checkpoints.load(folder)
    assert (found.config, found.data, found.stage, found.step) == (
        saved.config,
        saved.data,
        saved.stage,
        saved.step,
    )
    assert found.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(found.tensors[name], saved.tensors[name]) for name in saved.tensors)
    assert found.part("model").keys() == {"a.b"}
    assert checkpoints.named("model", found.part("model")).keys() == {"model.a.b"}


def test_what_cannot_be_written_leaves_the_last_good_checkpoint(tmp_path: Path) -> None:
    checkpoints.save(tmp_path, made(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))  # as a disk that is full
    try:
        with pytest.raises(OutputError, match=r"cannot be written .* free some space, then resume"):
            checkpoints.save(tmp_path, made(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert checkpoints.load(tmp_path).step == 1
    assert [path.name for path in tmp_path.iterdir()] == [checkpoints.NAME]


def test_an_optimiser_goes_on_as_if_it_had_not_been_saved() -> None:
    def steps(parameter: torch.nn.Parameter, optimiser: torch.optim.Adam, count: range) -> None:
        for number in count:
            parameter.grad = torch.randn(4, generator=torch.Generator().manual_seed(number))
            optimiser.step()

    whole = torch.nn.Parameter(torch.zeros(4))
    optimiser = torch.optim.Adam([whole], 0.1)
    steps(whole, optimiser, range(5))
    tensors = checkpoints.optimiser_tensors(optimiser)
    restored = torch.nn.Parameter(whole.detach().clone())
    another = torch.optim.Adam([restored], 0.1)
    checkpoints.restore_optimiser(another, {name: t.clone() for name, t in tensors.items()})
    steps(whole, optimiser, range(5, 9))
    steps(restored, another, range(5, 9))
    assert torch.equal(whole, restored)
