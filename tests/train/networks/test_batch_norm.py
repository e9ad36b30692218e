import subprocess
import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from train.networks.batch_norm import BatchNorm

CHANNELS, BATCH = 5, 6
Found = tuple[list[Tensor], dict[str, Tensor], Tensor]


def steps(norm: nn.BatchNorm1d, share: slice) -> Found:
    """Outputs and input gradients of three steps, the state after them, the weight's gradient."""
    found = []
    for seed in range(3):
        generator = torch.Generator().manual_seed(seed)
        whole = 4 * torch.randn(BATCH, CHANNELS, 7, generator=generator) + 3
        slope = torch.randn(whole.shape, generator=generator)[share]
        signal = whole[share].requires_grad_()
        out = norm(signal)
        (out * slope).sum().backward()
        assert signal.grad is not None
        found += [out.detach(), signal.grad]
    assert norm.weight.grad is not None
    return found, norm.state_dict(), norm.weight.grad


def test_one_process_has_torchs_own() -> None:
    for momentum in (0.02, None):
        ours = steps(BatchNorm(CHANNELS, momentum=momentum), slice(BATCH))
        theirs = steps(nn.BatchNorm1d(CHANNELS, momentum=momentum), slice(BATCH))
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


PROCESS = """
import sys
import torch
import torch.distributed as dist
rank, folder = int(sys.argv[1]), sys.argv[2]
sys.path.insert(0, {tests!r})
from test_batch_norm import BatchNorm, CHANNELS, steps
dist.init_process_group("gloo", init_method=f"file://{{folder}}/meet", rank=rank, world_size=2)
share = slice(3 * rank, 3 * rank + 3)
found = [steps(BatchNorm(CHANNELS, momentum=momentum), share) for momentum in (0.02, None)]
torch.save(found, f"{{folder}}/{{rank}}.pt")
dist.destroy_process_group()
"""


def test_two_processes_of_half_the_batch_are_one_of_the_whole(tmp_path: Path) -> None:
    code = PROCESS.format(tests=str(Path(__file__).parent))
    pair = [
        subprocess.Popen([sys.executable, "-c", code, str(rank), str(tmp_path)]) for rank in (0, 1)
    ]
    assert [process.wait() for process in pair] == [0, 0]
    halves = [torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)]
    for momentum, first, second in zip((0.02, None), *halves, strict=True):
        norm = nn.BatchNorm1d(CHANNELS, momentum=momentum)
        sounds, state, gradient = steps(norm, slice(BATCH))
        joined = [torch.cat(pair) for pair in zip(first[0], second[0], strict=True)]
        torch.testing.assert_close(joined, sounds, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(first[1], dict(state), rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(second[1], first[1], rtol=0, atol=0)
        torch.testing.assert_close(first[2] + second[2], gradient, rtol=1e-4, atol=1e-4)
