"""snnTorch's own run of what it exports, against ours in its dialect."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs.dialects import SNNTORCH
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph

torch = pytest.importorskip("torch")
snn = pytest.importorskip("snntorch")
pytest.importorskip("nirtorch")


def units(kind, size, alpha, beta):
    common = {"beta": torch.full((size,), beta), "threshold": torch.ones(size), "init_hidden": True}
    if kind == "Synaptic":
        return snn.Synaptic(alpha=torch.full((size,), alpha), **common)
    return snn.Leaky(**common) if kind == "Leaky" else snn.RLeaky(linear_features=size, **common)


@pytest.mark.parametrize("kind", ["Leaky", "Synaptic", "RLeaky"])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_equals_snntorch_on_random_networks(kind, seed):
    from snntorch.export_nir import export_to_nir

    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs, hidden, outputs = (int(n) for n in rng.integers(2, 12, 3))
    alpha, beta = (float(decay) for decay in rng.uniform(0.5, 0.95, 2))
    net = torch.nn.Sequential(
        torch.nn.Linear(inputs, hidden),
        units(kind, hidden, alpha, beta),
        torch.nn.Linear(hidden, outputs),
        units(kind, outputs, alpha, beta),
    )
    x = (rng.random((50, inputs)) < 0.5).astype(np.float32)
    with torch.no_grad():
        for layer in (net[0], net[2]):
            layer.weight *= 3
        exported = export_to_nir(net, torch.zeros(1, inputs), ignore_dims=[0])
        for layer in (net[1], net[3]):
            layer.reset_mem()
        theirs = torch.stack([net(row[None])[0] for row in torch.from_numpy(x)]).numpy()
    assert np.array_equal(run_graph(parse_graph(exported), x, SNNTORCH.step, SNNTORCH), theirs)
