import nir
import numpy as np
import pytest

from export import importers
from neuromorphic.graphs import STEP
from neuromorphic.graphs.files import write_graph
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.integers.nir_forms import exact_graph, portable_graph
from runtime.errors import SimulationError

# What others read a graph with, where it is installed; snnTorch always is.
INSTALLED = [name for name in importers.NEEDED if importers.is_installed(name)]


def test_snntorch_is_installed():
    assert "snntorch" in INSTALLED


@pytest.mark.parametrize("importer", INSTALLED)
def test_an_importer_spikes_as_the_layer(make_layer, make_payload, tmp_path, importer):
    layer = make_layer(3, shift=2)
    payload = make_payload(layer, 3, frames=300)  # more than a block
    write_graph(portable_graph(layer.exact), tmp_path / "a.nir")
    heard = []
    spikes, versions = importers.run_importer(
        importer, tmp_path / "a.nir", payload.T, layer.units, progress=heard.append
    )
    assert np.array_equal(spikes, layer.spikes(payload))
    assert versions.keys() == {importer, "nir", "torch"}
    assert heard[-1] <= 1


def test_snntorch_runs_neurons_with_memory_as_we_do(tmp_path):
    """Two layers of LIF with decays of 1/2, dyadic weights: exact in float32, so equal."""
    rng = np.random.default_rng(0)
    tau = np.full(6, 2 * STEP)
    lif = {"tau": tau, "r": tau / STEP, "v_leak": 0 * tau, "v_threshold": 0 * tau + 1}
    graph = nir.NIRGraph.from_list(
        nir.Input({"input": np.array([4])}),
        nir.Affine(rng.integers(-8, 9, (6, 4)) / 4, rng.integers(-8, 9, 6) / 64),
        nir.LIF(**lif),
        nir.Linear(rng.integers(-8, 9, (6, 6)) / 2),
        nir.LIF(**lif),
        nir.Output({"output": np.array([6])}),
    )
    write_graph(graph, tmp_path / "a.nir")
    x = rng.integers(-4, 5, (12, 4)).astype(np.int8)
    spikes, _ = importers.run_importer("snntorch", tmp_path / "a.nir", x, 6)
    ours = run_graph(parse_graph(graph), x, STEP)
    assert 0.1 < ours.mean() < 0.9
    assert np.array_equal(spikes.T, ours)


def test_what_an_importer_refuses_is_one_line(make_layer, tmp_path):
    layer = make_layer(0)
    write_graph(exact_graph(layer.exact), tmp_path / "a.nir")
    payload = np.zeros((layer.inputs, 2), np.int8)
    with pytest.raises(SimulationError, match=r"the simulator failed: .*Threshold") as caught:
        importers.run_importer("snntorch", tmp_path / "a.nir", payload.T, layer.units)
    assert "\n" not in str(caught.value)
