"""NeuroBench 2.3 counts the same network in torch: equal numbers, where it counts at all."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.static import ConnectionSparsity
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations
from neurobench.models import TorchModel
from onnx import helper
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neuromorphic.costs.operations.activity import activity

Write = Callable[..., Path]


class Heaviside(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x > 0).to(x.dtype)


def test_products_and_sparsity_are_those_of_neurobench(write_graph: Write) -> None:
    torch.manual_seed(0)
    first = nn.Conv1d(4, 6, 3, padding=2, stride=2, dilation=2)
    second = nn.Conv1d(6, 8, 4, groups=2, padding=1)
    last = nn.Linear(8 * 7, 5)
    network = nn.Sequential(first, Heaviside(), second, nn.ReLU(), nn.Flatten(), last)
    with torch.no_grad():
        for layer in (first, second, last):
            layer.weight *= torch.rand_like(layer.weight) < 0.7
    sound = torch.randn(3, 4, 16) * (torch.rand(3, 4, 16) < 0.8)

    model = TorchModel(network)
    model.add_activation_module(Heaviside)
    metrics = [[ConnectionSparsity], [ActivationSparsity, SynapticOperations]]
    data = DataLoader(TensorDataset(sound, torch.zeros(3)), batch_size=3)
    theirs = Benchmark(model, data, [], [], metrics).run(quiet=True)

    conv = {"strides": [2], "dilations": [2], "pads": [2, 2]}
    path = write_graph(
        [
            helper.make_node("Conv", ["x", "w1", "b1"], ["a"], **conv),
            helper.make_node("Greater", ["a", "zero"], ["fires"]),
            helper.make_node("Cast", ["fires"], ["events"], to=1),
            helper.make_node("Conv", ["events", "w2", "b2"], ["c"], group=2, pads=[1, 1]),
            helper.make_node("Relu", ["c"], ["d"]),
            helper.make_node("Flatten", ["d"], ["flat"]),
            helper.make_node("Gemm", ["flat", "w3", "b3"], ["y"], transB=1),
        ],
        {"zero": np.float32(0)}
        | {f"w{i}": m.weight.detach().numpy() for i, m in enumerate((first, second, last), 1)}
        | {f"b{i}": m.bias.detach().numpy() for i, m in enumerate((first, second, last), 1)},
        {"x": 3},
        ["y"],
    )
    ours = activity(path, {"x": sound.numpy()})
    operations = theirs["SynapticOperations"]
    assert sum(op.dense for op in ours) == operations["Dense"] * 3
    assert sum(op.macs for op in ours) == operations["Effective_MACs"] * 3
    assert sum(op.accumulates for op in ours) == operations["Effective_ACs"] * 3
    assert ours[1].accumulates > 0 == ours[1].macs
    zeros = 1 - sum(op.connections for op in ours) / sum(op.weights for op in ours)
    assert zeros == pytest.approx(theirs["ConnectionSparsity"], abs=6e-5)
    spikes = 1 - ours[1].active / ours[1].inputs
    relu = 1 - ours[2].active / ours[2].inputs
    share = ours[1].inputs / (ours[1].inputs + ours[2].inputs)
    hooked = spikes * share + relu * (1 - share)
    assert theirs["ActivationSparsity"] == pytest.approx(hooked, abs=1e-9)


def test_neurobench_counts_a_transposed_convolution_as_nothing(write_graph: Write) -> None:
    """Why our figures come of the ONNX graph: the decoder would cost nothing, without a word."""
    layer = nn.ConvTranspose1d(4, 2, 4, stride=2, bias=False)
    sound = torch.randn(1, 4, 8)
    data = DataLoader(TensorDataset(sound, torch.zeros(1)), batch_size=1)
    metrics = [[], [SynapticOperations]]
    theirs = Benchmark(TorchModel(nn.Sequential(layer)), data, [], [], metrics).run(quiet=True)
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2])
    path = write_graph([node], {"w": layer.weight.detach().numpy()}, {"x": 3}, ["y"])
    (ours,) = activity(path, {"x": sound.numpy()})
    assert theirs["SynapticOperations"]["Dense"] == 0
    assert ours.dense == ours.macs == 4 * 2 * 4 * 8
