"""Data-parallel processes: each computes its share of the batch, and sums are taken over all."""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.nn.functional import all_reduce


def several() -> bool:
    """Whether this process is one of a group."""
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def summed(tensor: Tensor) -> Tensor:
    """The sum of a tensor over all processes; gradients flow back to each of them."""
    return all_reduce(tensor) if several() else tensor


def averaged(values: dict[str, float]) -> dict[str, float]:
    """The means of figures over all processes."""
    if not several():
        return values
    total = torch.tensor(list(values.values()), dtype=torch.float64, device=_device())
    dist.all_reduce(total)
    return dict(zip(values, (total / dist.get_world_size()).tolist(), strict=True))


def gathered(tensor: Tensor) -> Tensor:
    """The rows of all processes in the order of their ranks, without gradients."""
    if not several():
        return tensor
    rows = [torch.empty_like(tensor) for _ in range(dist.get_world_size())]
    dist.all_gather(rows, tensor.contiguous())
    return torch.cat(rows)


def average_gradients(module: torch.nn.Module) -> None:
    """Make every process's gradients their mean over all, in place."""
    if several():
        for parameter in module.parameters():
            if parameter.grad is not None:
                dist.all_reduce(parameter.grad)
                parameter.grad /= dist.get_world_size()


def _device() -> torch.device:
    """The device that figures must be on to be summed: NCCL needs a GPU."""
    return torch.device("cuda" if dist.get_backend() == "nccl" else "cpu")
