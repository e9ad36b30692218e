import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from train.objectives.balancer import Balancer

WEIGHTS = {"near": 1.0, "far": 3.0}
Losses = dict[str, Tensor]


def losses_of(output: Tensor, targets: Tensor, scale: float = 1.0) -> Losses:
    """A squared and an absolute distance, the first `scale` times as large."""
    return {
        "near": scale * (output - targets[0]).square().mean(),
        "far": (output - targets[1]).abs().mean(),
    }


def steps(
    balancer: Balancer, seeds: range, scale: float = 1.0, batch: slice = slice(None)
) -> list[Tensor]:
    """The gradients that a balancer gives the outputs of some steps, `(4, 1, 16)` each."""
    gradients = []
    for seed in seeds:
        drawn = torch.randn(3, 4, 1, 16, generator=torch.Generator().manual_seed(seed))[:, batch]
        output = drawn[0].requires_grad_()
        balancer(losses_of(output, drawn[1:], scale), output).backward()
        assert output.grad is not None
        gradients.append(output.grad)
    return gradients


@given(st.floats(1e-3, 1e3))
@settings(max_examples=20)
def test_the_scale_of_a_loss_does_not_matter(scale: float) -> None:
    plain = steps(Balancer(WEIGHTS), range(5))
    scaled = steps(Balancer(WEIGHTS), range(5), scale)
    torch.testing.assert_close(scaled, plain, rtol=1e-4, atol=1e-7)


@given(st.floats(0, 10), st.floats(0.1, 10))
@settings(max_examples=20)
def test_weights_are_shares_of_the_gradient(near: float, far: float) -> None:
    """Of two losses on different samples, each moves its own by its share."""
    output = torch.randn(3, 1, 8, requires_grad=True)
    losses = {
        "near": output[..., :4].square().sum((1, 2)).mean(),
        "far": 100 * output[..., 4:].abs().sum((1, 2)).mean(),
    }
    Balancer({"near": near, "far": far})(losses, output).backward()
    assert output.grad is not None
    own = 3 * output.grad  # the clips' own gradients: losses are means over three
    norms = [own[..., :4].norm(dim=(1, 2)).mean(), own[..., 4:].norm(dim=(1, 2)).mean()]
    total = near + far
    assert [norm.item() for norm in norms] == pytest.approx([near / total, far / total], rel=1e-4)


@given(st.floats(1e-3, 1e3), st.integers(2, 30))
@settings(max_examples=20)
def test_norms_are_averaged_over_steps_without_bias(jump: float, count: int) -> None:
    """Gradients of norm 1, then one of norm `jump`: divided by the mean, weighted by age."""
    balancer = Balancer({"only": 1.0})
    output = torch.zeros(1, 1, 1, requires_grad=True)
    for _ in range(count - 1):
        balancer({"only": output.sum()}, output)
    balancer({"only": jump * output.sum()}, output).backward()
    ages = torch.arange(count, dtype=torch.float64)
    mean = (0.999**ages * torch.tensor([jump] + [1.0] * (count - 1))).sum() / (0.999**ages).sum()
    assert output.grad is not None
    assert output.grad.item() == pytest.approx(jump / mean.item(), rel=1e-4)


def test_the_size_of_the_batch_does_not_matter() -> None:
    output = torch.randn(1, 1, 8).repeat(4, 1, 1).requires_grad_()
    Balancer({"only": 1.0})({"only": output.square().sum((1, 2)).mean()}, output).backward()
    assert output.grad is not None
    assert output.grad.sum(0).norm().item() == pytest.approx(1, rel=1e-5)


def test_a_restored_balancer_goes_on_exactly() -> None:
    whole = Balancer(WEIGHTS)
    expected = steps(whole, range(20))
    first, second = Balancer(WEIGHTS), Balancer(WEIGHTS)
    steps(first, range(12))
    second.load_state_dict({k: v.clone() for k, v in first.state_dict().items()})
    for got, wanted in zip(steps(second, range(12, 20)), expected[12:], strict=True):
        assert torch.equal(got, wanted)


def test_zero_gradients_stay_finite() -> None:
    balancer = Balancer(WEIGHTS)
    for _ in range(3):
        output = torch.randn(2, 1, 8, requires_grad=True)
        loss = balancer({"near": 0 * output.sum(), "far": output.abs().mean()}, output)
        loss.backward()
        assert output.grad is not None
        assert torch.isfinite(output.grad).all()
        assert output.grad.abs().sum() > 0
        assert all(torch.isfinite(buffer).all() for buffer in balancer.buffers())
    output = torch.zeros(2, 1, 8, requires_grad=True)
    tiny = {"near": 1e-30 * output.sum(), "far": 0 * output.sum()}
    Balancer(WEIGHTS)(tiny, output).backward()
    assert output.grad is not None
    assert torch.isfinite(output.grad).all()


def test_the_value_is_the_weighted_mean_and_the_gradient_goes_through_the_output_alone() -> None:
    weight = torch.ones(8, requires_grad=True)
    judge = torch.ones(8, requires_grad=True)
    output = torch.randn(2, 1, 8) * weight
    losses = {"near": (judge * output).square().mean(), "far": output.abs().mean()}
    loss = Balancer(WEIGHTS)(losses, output)
    expected = 0.25 * losses["near"] + 0.75 * losses["far"]
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    loss.backward()
    assert weight.grad is not None
    assert weight.grad.abs().sum() > 0
    assert judge.grad is None


def test_losses_must_be_those_that_have_weights() -> None:
    output = torch.zeros(1, 1, 8, requires_grad=True)
    with pytest.raises(ValueError, match="near"):
        Balancer(WEIGHTS)({"far": output.sum()}, output)


PROCESS = """
import sys
import torch
import torch.distributed as dist
rank, folder = int(sys.argv[1]), sys.argv[2]
sys.path.insert(0, {tests!r})
from test_balancer import WEIGHTS, Balancer, steps
dist.init_process_group("gloo", init_method=f"file://{{folder}}/meet", rank=rank, world_size=2)
balancer = Balancer(WEIGHTS)
gradients = steps(balancer, range(4), batch=slice(2 * rank, 2 * rank + 2))
torch.save((gradients, balancer.sums), f"{{folder}}/{{rank}}.pt")
dist.destroy_process_group()
"""


def test_two_processes_of_half_the_batch_are_one_of_the_whole(tmp_path: Path) -> None:
    code = PROCESS.format(tests=str(Path(__file__).parent))
    pair = [
        subprocess.Popen([sys.executable, "-c", code, str(rank), str(tmp_path)]) for rank in (0, 1)
    ]
    assert [process.wait() for process in pair] == [0, 0]
    halves = [torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1)]
    whole = Balancer(WEIGHTS)
    for step, gradient in enumerate(steps(whole, range(4))):
        # Data-parallel training averages over processes, which halves the gradient of each.
        joined = torch.cat([half[0][step] for half in halves]) / 2
        torch.testing.assert_close(joined, gradient, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(halves[0][1], whole.sums)
