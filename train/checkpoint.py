"""Checkpoints: one safetensors file with all tensors and, as text, the settings and the step."""

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from runtime.errors import CheckpointError, OutputError
from runtime.files import replacing
from runtime.untrusted import parse_json
from train.config import Config, from_dict

NAME = "checkpoint.safetensors"

Settings = TypeVar("Settings")  # Config, or that of the lapped codec


@dataclass(frozen=True)
class Checkpoint(Generic[Settings]):
    """Everything a run needs to continue: `tensors` by name, the `stage` and the next `step`."""

    config: Settings
    data: str
    stage: str
    step: int
    tensors: dict[str, Tensor]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """Return the tensors whose names begin with `prefix.`, without that prefix."""
        return unnamed(prefix, self.tensors)


def named(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors with `prefix.` before their names; `unnamed` undoes this."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def unnamed(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return those of the tensors whose names begin with `prefix.`, without that prefix."""
    start = len(prefix) + 1
    return {k[start:]: v for k, v in tensors.items() if k.startswith(f"{prefix}.")}


def save(run: Path, checkpoint: Checkpoint[Any], name: str = NAME) -> None:
    """Write a run's checkpoint `name`; the previous one is kept until the new one is complete.

    Raises OutputError when the system refuses the write.
    """
    metadata = {
        "config": json.dumps(dataclasses.asdict(checkpoint.config)),
        "data": checkpoint.data,
        "stage": checkpoint.stage,
        "step": str(checkpoint.step),
    }
    tensors = {key: tensor.cpu().contiguous().clone() for key, tensor in checkpoint.tensors.items()}
    with replacing(run / name, overwrite=True) as temporary:
        try:
            save_file(tensors, temporary, metadata)
        except SafetensorError as error:
            raise OutputError(
                f"{run / name}: cannot be written ({error}); the previous one is kept; "
                "free some space, then resume"
            ) from error


def load(run: Path) -> Checkpoint[Config]:
    """Read a run's checkpoint; raises CheckpointError when it is missing or damaged."""
    return read(run, NAME, from_dict)


def read(run: Path, name: str, settings: Callable[[Any], Settings]) -> Checkpoint[Settings]:
    """Read a run's checkpoint `name`, whose `settings` are made from nested dictionaries.

    Raises CheckpointError when it is missing or damaged.
    """
    path = run / name
    if not path.is_file():
        raise CheckpointError(f"{run}: holds no {name}; train it first: spiking-music train")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        config = settings(parse_json(metadata["config"]))
        return Checkpoint(
            config, metadata["data"], metadata["stage"], int(metadata["step"]), tensors
        )
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: not a complete checkpoint ({error}); restore a copy or train again"
        ) from error


def optimiser_tensors(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    """Adam's state as flat tensors, `parameter.quantity`."""
    state = optimiser.state_dict()["state"]
    return {
        f"{index}.{key}": torch.as_tensor(v) for index, s in state.items() for key, v in s.items()
    }


def restore_optimiser(optimiser: torch.optim.Optimizer, tensors: dict[str, Tensor]) -> None:
    """Restore what `optimiser_tensors` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, key = name.split(".")
        state.setdefault(int(index), {})[key] = tensor
    whole = optimiser.state_dict()
    whole["state"] = state
    optimiser.load_state_dict(whole)
