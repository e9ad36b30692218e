import json

import numpy as np
import pytest

from export import certificate
from export.certificate import NOT_INSTALLED, certify, write_certificate
from export.probe import Probe, planted
from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.accumulators import ALL, NONE, SEEN, accumulators
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.nir_forms import layers_of
from runtime.errors import MissingPackageError, SimulationError

QUICK = ("nir", "nir-lif", "integer")


@pytest.fixture
def layer(spiking_bundle):
    (found,) = layers_of(read_graph(spiking_bundle.file("bottleneck.nir")))
    return IntegerLayer(found.arms[0].weight, found.bias, found.shift)


@pytest.fixture
def probe(layer):
    payload = planted(layer.exact)
    return Probe(payload, 4, layer.spikes(payload))


def test_everything_agrees_and_says_so(spiking_bundle, probe, layer, tmp_path):
    right = layer.spikes(probe.payload)
    found = certify(spiking_bundle, probe, QUICK, known={"chip": right[:, :7]})
    assert found.holds
    assert found.model == spiking_bundle.manifest.model_hash
    assert [(row.name, row.wrong) for row in found.rows] == [
        (name, 0) for name in ("torch", "chip", *QUICK)
    ]
    assert [row.entries for row in found.rows[:2]] == [right.size, right[:, :7].size]
    assert found.probe["smallest_margin"] == 0.5
    path = tmp_path / "certificate.json"
    write_certificate(found, path)
    first = path.read_bytes()
    write_certificate(certify(spiking_bundle, probe, QUICK, {"chip": right[:, :7]}), path, True)
    assert path.read_bytes() == first
    data = json.loads(first)
    assert data["holds"]
    assert data["proof"]["holds"]
    assert data["rows"][0] == {
        "name": "torch",
        "file": "",
        "entries": right.size,
        "wrong": 0,
        "note": "",
        "versions": {},
        "agrees": True,
    }


def test_a_narrow_accumulator_holds_for_what_was_seen_alone():
    layer = IntegerLayer(np.full((1, 4), 127), np.zeros(1), 0)
    found = {
        share: {a.chip: a for a in accumulators(layer.network(), np.full((4, 1), share, np.int8))}
        for share in (60, 127)
    }
    assert found[60]["loihi2"].holds_for == ALL
    assert (found[60]["loihi1"].limit, found[60]["loihi1"].all_inputs) == (32767, 4 * 127 * 127)
    assert (found[60]["loihi1"].recordings, found[60]["loihi1"].holds_for) == (30480, SEEN)
    assert found[127]["loihi1"].holds_for == NONE
    assert "odin" not in found[60]  # nobody published how wide its sums are


def test_one_bit_is_found_and_a_double_spike_is_wrong(spiking_bundle, probe, layer):
    bits = layer.spikes(probe.payload)
    bits[1, 2] ^= True
    found = certify(spiking_bundle, probe, ("integer",), known={"chip": bits})
    assert [row.wrong for row in found.rows] == [0, 1, 0]
    assert not found.holds
    double = 2 * layer.spikes(probe.payload).astype(float)
    found = certify(spiking_bundle, probe, (), known={"chip": double})
    assert found.rows[1].wrong == np.count_nonzero(double)


def test_what_is_missing_does_not_count_and_what_fails_does(spiking_bundle, probe, monkeypatch):
    def missing(*_):
        raise MissingPackageError("no Lava")

    def failing(*_):
        raise SimulationError("it broke")

    monkeypatch.setattr(certificate.back_ends, "spikes", missing)
    monkeypatch.setattr(certificate, "is_installed", lambda name: False)
    found = certify(spiking_bundle, probe, ("lava", "norse"))
    assert [(row.wrong, row.note) for row in found.rows[1:]] == [(None, NOT_INSTALLED)] * 2
    assert found.holds
    monkeypatch.setattr(certificate.back_ends, "spikes", failing)
    found = certify(spiking_bundle, probe, ("lava",))
    assert (found.rows[1].wrong, found.rows[1].note) == (None, "it broke")
    assert not found.holds


def test_an_importer_runs_the_portable_graph_in_the_python_given(
    spiking_bundle, probe, layer, monkeypatch
):
    def run(importer, graph, payload, units, python, progress):
        assert (importer, graph.name, units) == ("norse", "bottleneck.lif.nir", layer.units)
        return layer.spikes(payload.T).astype(np.float32), {"python": python}

    monkeypatch.setattr(certificate, "run_importer", run)
    found = certify(spiking_bundle, probe, ("norse",), pythons={"norse": "/other/python"})
    assert found.holds
    assert found.rows[1].versions == {"python": "/other/python"}
