"""The synaptic operations that others count on the same layers: NeuroBench live, two recorded.

sinabs 3.1.3 (`sinabs.hooks`) and spikingjelly 2.0 (`op_counter.SynOpCounter`) pin other packages,
so what they counted on these cases was recorded; on what they get wrong the tests say why.
"""

import warnings

import nir
import numpy as np
import pytest
import torch
from neurobench.benchmarks import Benchmark
from neurobench.metrics.workload import SynapticOperations
from neurobench.models import TorchModel
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from neuromorphic.costs.graph_counts import count_graph
from neuromorphic.graphs.graph import parse_graph

CASES = {
    "dense": ((6,), (4, 6), {}),
    "pruned": ((6,), (4, 6), {}),
    "graded": ((6,), (4, 6), {}),
    "signed": ((6,), (4, 6), {}),
    "conv": ((2, 5, 5), (3, 2, 3, 3), {"stride": 2, "padding": 1}),
    "border": ((2, 5, 5), (3, 2, 3, 3), {"stride": 1, "padding": 1}),
    "beyond": ((1, 6, 6), (2, 1, 3, 3), {"stride": 2, "padding": 0}),
}
SINABS = dict(dense=120, pruned=144, graded=172, signed=40, conv=1668, border=6270, beyond=428)
SPIKINGJELLY = dict(dense=120, pruned=144, graded=0, signed=0, conv=1668, border=6270, beyond=428)


def case(name: str) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Weights, an input `(20, ...)`, and the options of a convolution."""
    shape, size, options = CASES[name]
    rng = np.random.default_rng(list(CASES).index(name))
    weight = rng.integers(1, 9, size) * rng.choice([-1, 1], size) / 8
    if name == "pruned":
        weight = weight * (rng.random(size) < 0.5)
    x = (rng.random((20, *shape)) < 0.3).astype(float)
    if name == "graded":
        x = x * rng.integers(1, 5, x.shape) / 2
    if name == "signed":
        x = x * rng.choice([-1, 1], x.shape)
    return weight, x, options


def ours(name: str) -> int:
    weight, x, options = case(name)
    node = nir.Linear(weight)
    if options:
        stride, padding = (options[key] for key in ("stride", "padding"))
        bias = np.zeros(len(weight))
        node = nir.Conv2d(x.shape[2:], weight, stride, padding, 1, 1, bias)
    ends = nir.Input({"input": np.array(x.shape[1:])}), nir.Output(node.output_type)
    graph = nir.NIRGraph.from_list(ends[0], node, ends[1])
    (counts,) = count_graph(parse_graph(graph), x, 1e-4).values()
    return counts.synaptic_events


def by_loop(name: str) -> int:
    """Weights that are not 0, for each input that is not 0, at each place."""
    weight, x, options = case(name)
    if not options:
        return sum(int(np.count_nonzero(weight[:, m])) for _, m in zip(*np.nonzero(x), strict=True))
    stride, pad = options["stride"], options["padding"]
    places = (x.shape[2] + 2 * pad - 3) // stride + 1
    found = 0
    for _, c, y, z in zip(*np.nonzero(x), strict=True):
        for row in range(places):
            for column in range(places):
                k, m = y - row * stride + pad, z - column * stride + pad
                if 0 <= k < 3 and 0 <= m < 3:
                    found += int(np.count_nonzero(weight[:, c, k, m]))
    return found


@pytest.mark.parametrize("name", CASES)
def test_ours_are_those_of_a_loop(name: str) -> None:
    assert ours(name) == by_loop(name)


@pytest.mark.parametrize("name", ["dense", "conv", "border", "beyond"])
def test_all_agree_on_plain_spikes(name: str) -> None:
    assert ours(name) == SINABS[name] == SPIKINGJELLY[name] == neurobench(name)


def test_sinabs_and_spikingjelly_count_weights_of_zero() -> None:
    assert SINABS["pruned"] == SPIKINGJELLY["pruned"] == 4 * np.count_nonzero(case("pruned")[1])
    assert ours("pruned") == neurobench("pruned") < SINABS["pruned"]


def test_sinabs_adds_up_the_values_of_its_inputs() -> None:
    """An event of 2 is two for it, one of 0.5 a half, and -1 takes one away."""
    for name in ("graded", "signed"):
        assert SINABS[name] == 4 * case(name)[1].sum()
        assert ours(name) == 4 * np.count_nonzero(case(name)[1])


def test_spikingjelly_takes_what_is_not_0_or_1_for_dense_arithmetic() -> None:
    """And then counts the products with zeros too: 480, in another counter."""
    assert SPIKINGJELLY["graded"] == SPIKINGJELLY["signed"] == 0
    assert all(0 < ours(name) < 480 for name in ("graded", "signed"))
    assert ours("signed") == neurobench("signed")
    assert ours("graded") == neurobench("graded")


def neurobench(name: str) -> int:
    """Effective operations, of products and sums, which NeuroBench divides by the inputs."""
    weight, x, options = case(name)
    layer = nn.Conv2d(x.shape[1], len(weight), 3, bias=False, **options)
    if not options:
        layer = nn.Linear(*weight.shape[::-1], bias=False)
    layer.weight.data = torch.tensor(weight, dtype=torch.float32)
    data = TensorDataset(torch.tensor(x, dtype=torch.float32), torch.zeros(len(x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Benchmark(
            TorchModel(nn.Sequential(layer)),
            DataLoader(data, batch_size=len(x)),
            [],
            [],
            [[], [SynapticOperations]],
        ).run(quiet=True)["SynapticOperations"]
    return round((found["Effective_MACs"] + found["Effective_ACs"]) * len(x))
