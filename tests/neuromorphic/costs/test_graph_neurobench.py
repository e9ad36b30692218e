"""NeuroBench 2.3 counts a network in torch; its NIR export gives the same numbers."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
snn = pytest.importorskip("snntorch")
pytest.importorskip("neurobench")

from neurobench.benchmarks import Benchmark  # noqa: E402
from neurobench.metrics.static import ConnectionSparsity  # noqa: E402
from neurobench.metrics.workload import ActivationSparsity, SynapticOperations  # noqa: E402
from neurobench.models import TorchModel  # noqa: E402
from torch import nn  # noqa: E402
from torch.utils.data import DataLoader, TensorDataset  # noqa: E402

from export.torch_nir import to_nir  # noqa: E402
from neuromorphic.costs.graph_neurobench import graph_neurobench  # noqa: E402
from neuromorphic.graphs.dialects import SNNTORCH  # noqa: E402
from neuromorphic.graphs.graph import parse_graph  # noqa: E402
from neuromorphic.graphs.run import graph_values  # noqa: E402


class Steps(nn.Module):
    """Runs a network of one step over all steps, as NeuroBench's models do."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return torch.stack([self.net(x[:, t]) for t in range(x.shape[1])], dim=1)


@pytest.mark.parametrize("pruned", [False, True])
@pytest.mark.parametrize("graded", [False, True])
def test_counts_as_neurobench_does(pruned, graded):
    torch.manual_seed(0)

    def unit(kind, **more):
        return kind(beta=0.9, threshold=0.3, init_hidden=True, **more)

    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2),
        unit(snn.Leaky),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 10),
        unit(snn.RLeaky, linear_features=10),
        nn.Linear(10, 3, bias=False),
        unit(snn.Leaky),
    )
    with torch.no_grad():
        for part in net.modules():
            if pruned and isinstance(part, nn.Linear | nn.Conv2d):
                part.weight *= torch.rand_like(part.weight) < 0.3
    rng = np.random.default_rng(0)
    x = (rng.random((20, 2, 8, 8)) < 0.2) * (rng.random((20, 2, 8, 8)) if graded else 1)
    graph = parse_graph(to_nir(net, x))
    ours = graph_neurobench(graph, graph_values(graph, np.float32(x), 1e-4, SNNTORCH))

    for part in net.modules():
        if hasattr(part, "reset_mem"):
            part.mem = part.spk = torch.zeros(0)
    model = TorchModel(Steps(net))
    model.add_activation_module(snn.SpikingNeuron)
    data = DataLoader(TensorDataset(torch.tensor(x)[None].float(), torch.zeros(1)), batch_size=1)
    metrics = [[ConnectionSparsity], [ActivationSparsity, SynapticOperations]]
    with torch.no_grad():
        theirs = Benchmark(model, data, [], [], metrics).run(quiet=True)

    assert ours["SynapticOperations"] == theirs["SynapticOperations"]
    assert ours["SynapticOperations"]["Effective_ACs"] > 0
    assert ours["ConnectionSparsity"] == pytest.approx(theirs["ConnectionSparsity"], abs=6e-5)
    assert (ours["ConnectionSparsity"] > 0.5) == pruned
    assert ours["ActivationSparsity"] == pytest.approx(theirs["ActivationSparsity"])
    assert 0 < ours["ActivationSparsity"] < 1
