"""Networks of torch and snnTorch that become NIR graphs, and those that cannot."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.graphs.dialects import dialect, proposed
from neuromorphic.graphs.files import read_graph, write_graph
from neuromorphic.graphs.run import run_graph
from runtime.errors import ExportError

torch = pytest.importorskip("torch")
snn = pytest.importorskip("snntorch")

from torch import nn  # noqa: E402

from export.torch_module import named_module  # noqa: E402
from export.torch_nir import to_nir  # noqa: E402

KINDS = ("Leaky", "Synaptic", "RLeaky", "RSynaptic")


def unit(kind, size, rng, zero=False, **more):
    scalar = rng.random() < 0.5
    shape = () if scalar else (size,)

    def decay():
        return torch.tensor(rng.uniform(0.5, 0.95, shape), dtype=torch.float32)

    options = {"beta": decay(), "threshold": float(rng.uniform(0.2, 0.6)), "init_hidden": True}
    if zero:
        options |= {"reset_mechanism": "zero", "reset_delay": False}
    if "Synaptic" in kind:
        options["alpha"] = decay()
    if kind.startswith("R"):
        options |= {"linear_features": size} if scalar else {"all_to_all": False, "V": -0.3}
    return getattr(snn, kind)(**options | more)


def layered(seed, kind, zero=False):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    inputs, hidden, outputs = (int(n) for n in rng.integers(3, 12, 3))
    net = nn.Sequential(
        nn.Linear(inputs, hidden, bias=False),
        nn.BatchNorm1d(hidden),
        unit(kind, hidden, rng, zero),
        nn.Dropout(0.5),
        nn.Linear(hidden, outputs),
        unit(kind, outputs, rng, zero),
    )
    with torch.no_grad():
        net[1].running_mean.normal_(0, 0.1)
        net[1].running_var.uniform_(0.5, 2)
        net[1].weight.uniform_(0.5, 2)
        net[1].bias.uniform_(0, 0.3)
        for layer in (net[0], net[4]):
            layer.weight *= 3
    return net, (rng.random((40, inputs)) < 0.5).astype(np.float32)


def theirs(net, x):
    net.eval()
    for part in net.modules():
        if hasattr(part, "reset_mem"):
            part.reset_mem()
    with torch.no_grad():
        return np.stack([net(row[None])[0].numpy() for row in torch.from_numpy(x)])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**16), zero=st.booleans())
def test_the_file_spikes_as_the_network(tmp_path_factory, kind, seed, zero):
    net, x = layered(seed, kind, zero and kind != "RSynaptic")
    path = tmp_path_factory.mktemp("nir") / "a.nir"
    write_graph(to_nir(net, x), path)
    graph = read_graph(path)
    found = proposed(graph)
    assert found is not None
    assert np.array_equal(run_graph(graph, x, 1e-4, dialect(found[0])), theirs(net, x))


def convolutional():
    """Convolutions, pools, a branch, and units with one parameter a channel."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            torch.manual_seed(1)
            self.conv = nn.Conv2d(2, 4, 3, padding=1, bias=False)
            self.norm = nn.BatchNorm2d(4)
            self.lif = snn.Leaky(beta=torch.rand(4, 1, 1), threshold=0.3, init_hidden=True)
            self.pool = nn.AvgPool2d(2)
            self.one = nn.Conv2d(4, 4, 3, padding="same", groups=2)
            self.two = nn.Conv2d(4, 4, 1)
            self.syn = snn.Synaptic(alpha=0.5, beta=0.8, threshold=0.2, init_hidden=True)
            self.sum = nn.LPPool2d(1, 2)
            self.out = nn.Linear(16, 3)
            self.output = snn.Leaky(beta=1.0, threshold=0.5, init_hidden=True, output=True)

        def forward(self, x):
            x = self.pool(self.lif(self.norm(self.conv(x))))
            x = self.sum(self.syn(self.one(x) + self.two(x)))
            spikes, _ = self.output(self.out(torch.flatten(x, 1)))
            return spikes

    return Net()


def test_branches_convolutions_and_pools():
    x = (np.random.default_rng(0).random((20, 2, 8, 8)) < 0.4).astype(np.float32)
    graph = to_nir(convolutional(), x)
    kinds = [type(node).__name__ for node in graph.nodes.values()]
    assert [kinds.count(k) for k in ("Conv2d", "AvgPool2d", "SumPool2d", "Flatten")] == [3, 1, 1, 1]
    assert {source for source, target in graph.edges if target == "syn"} == {"one", "two"}
    assert graph.nodes["lif"].tau.shape == (4, 8, 8)


def test_one_dimension():
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv1d(2, 4, 5, stride=2, padding=2, dilation=1),
        nn.BatchNorm1d(4),
        snn.Leaky(beta=0.9, threshold=0.2, init_hidden=True),
        nn.AvgPool1d(2),
        nn.Flatten(),
        nn.Linear(16, 3),
    )
    to_nir(net, np.random.default_rng(0).random((20, 2, 16)))


def test_the_module_stays_as_it_was():
    net, x = layered(3, "RLeaky")
    net.train()
    net(torch.from_numpy(x[:4]))
    before = {name: part.mem.clone() for name, part in net.named_modules() if hasattr(part, "mem")}
    to_nir(net, x)
    assert all(part.training for part in net.modules())
    for name, part in net.named_modules():
        if hasattr(part, "mem"):
            assert torch.equal(part.mem, before[name])


def leaky(**more):
    return snn.Leaky(beta=0.9, **{"init_hidden": True, **more})


class Loop(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc, self.lif = nn.Linear(4, 4), leaky()

    def forward(self, x):
        return self.lif(self.fc(self.lif(self.fc(x))))


class Branch(nn.Module):
    def forward(self, x):
        return x if x.sum() > 0 else -x


def sequence(*layers):
    return nn.Sequential(nn.Linear(4, 4), *layers)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: sequence(nn.ReLU()), "node '1': ReLU has no NIR node"),
        (lambda: sequence(nn.LayerNorm(4)), "node '1': LayerNorm has no NIR node"),
        (lambda: sequence(leaky(reset_mechanism="none")), "node '1': Leaky has reset_mechanism"),
        (lambda: sequence(leaky(reset_delay=False)), "node '1': Leaky has reset_mechanism"),
        (lambda: sequence(leaky(graded_spikes_factor=2.0)), "node '1': Leaky has a graded"),
        (lambda: sequence(leaky(state_quant=lambda x: x)), "node '1': Leaky has inhibition or"),
        (lambda: sequence(snn.Lapicque(beta=0.9, init_hidden=True)), "node '1': Lapicque has no"),
        (lambda: sequence(leaky(), leaky(reset_mechanism="zero")), "node '2': resets to zero, and"),
        (lambda: sequence(leaky(), nn.BatchNorm1d(4)), "node '2': BatchNorm1d can be folded only"),
        (lambda: nn.Sequential(nn.Linear(3, 4)), "does not run on a batch of one step"),
        (lambda: sequence(snn.Leaky(beta=0.9), nn.Linear(4, 4)), "units need init_hidden"),
        (lambda: nn.Sequential(nn.Linear(4, 4), nn.Flatten(0)), "node '1': flattens the batch"),
        (Loop, "is called several times"),
        (Branch, "Branch: torch.fx cannot trace it"),
    ],
)
def test_what_cannot_be_exported_is_one_line_with_its_name(make, expected):
    with pytest.raises(
        ExportError, match="^" + expected.replace("(", r"\(") + r"|.*" + expected
    ) as caught:
        to_nir(make(), np.ones((3, 4)))
    assert "\n" not in str(caught.value)


def test_a_difference_refuses_the_export(monkeypatch):
    net, x = layered(0, "Leaky")
    monkeypatch.setattr("export.torch_layers.NEVER", 1.5)  # wrong decays
    with pytest.raises(ExportError, match=r"node '2': \d+ of \d+ spikes differ .* step \d+, unit"):
        to_nir(net, x)


SAMPLES = [
    np.ones(4),
    np.ones((0, 4)),
    np.full((2, 4), np.nan),
    np.full((2, 4), 1e300),
    np.full((2, 4), 1j),
    np.full((2, 4), "a"),
]


@pytest.mark.parametrize("sample", SAMPLES)
def test_refuses_samples_that_are_none(sample):
    with pytest.raises(ExportError, match="sample is"):
        to_nir(sequence(leaky()), sample)


def test_refuses_what_is_no_network_in_float32_and_steps_that_are_none():
    net, x = nn.Sequential(nn.Linear(4, 3)), np.ones((2, 4))
    for module, dt, expected in (
        (nn.Linear, 1e-4, "is no torch.nn.Module"),
        (None, 1e-4, "None is no torch.nn.Module"),
        (
            nn.Linear(4, 3).double(),
            1e-4,
            r"parameter 'weight' is torch.float64; .* module.float\(\)",
        ),
        (net, 0, "dt is 0; a positive number"),
        (net, float("nan"), "dt is nan"),
        (net, "1e-4", "dt is '1e-4'"),
    ):
        with pytest.raises(ExportError, match=expected):
            to_nir(module, x, dt)


CODE = """
import snntorch as snn
from torch import nn

net = nn.Sequential(nn.Linear(4, 3), snn.Leaky(beta=0.9, threshold=0.1, init_hidden=True))
number = 1

def make():
    return net

def broken():
    raise KeyError("weights.pt")

def needy():
    import no_such_package
"""


def test_finds_a_network_by_name(tmp_path: Path):
    file = tmp_path / "my_nets.py"
    file.write_text(CODE)
    assert named_module(f"{file}:net")[0].out_features == 3
    assert named_module(f"{file}:make")[0].out_features == 3
    for said, expected in (
        (f"{file}:number", "is of type int; a torch.nn.Module"),
        (f"{file}:none", "has no none"),
        (f"{file}:broken", "failed with KeyError: 'weights.pt'"),
        (f"{file}:needy", "failed with ModuleNotFoundError: No module named 'no_such_package'"),
        (f"{tmp_path / 'no.py'}:net", "no.py: no such file"),
        ("no_such_package.at_all:net", "no_such_package.at_all: no such module"),
        ("net", "write MODULE:NAME"),
    ):
        with pytest.raises(ExportError, match=expected):
            named_module(said)


def test_the_face_loads_torch_only_when_it_is_needed():
    code = "import spiking_music, sys; assert 'torch' not in sys.modules; spiking_music.to_nir"
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
