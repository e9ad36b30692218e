"""How frameworks read one file: the facts named as a reason are one, and nothing ends a run."""

from contextlib import contextmanager

import nir
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export import graph_certificate
from export.graph_certificate import READERS, certify_graph
from neuromorphic.graphs.dialects import dialect
from neuromorphic.graphs.files import write_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.opening import open_network
from runtime.errors import SimulationError


@contextmanager
def stage(name):
    yield lambda share: None


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Only our executor: no importer and no Lava."""
    monkeypatch.setattr(graph_certificate, "is_installed", lambda name: False)
    monkeypatch.setattr(graph_certificate, "CHIP", ("integer",))


def network(seed, path):
    rng = np.random.default_rng(seed)
    tau = rng.uniform(2e-4, 2e-3, 5)
    lif = {"r": tau / 1e-4, "v_leak": 0 * tau, "v_threshold": np.full(5, 0.5)}
    units = nir.LIF(tau=tau, **lif)
    if seed % 2:
        units = nir.CubaLIF(tau_mem=tau, tau_syn=tau, w_in=tau / 1e-4, **lif)
    graph = nir.NIRGraph.from_list(
        nir.Input({"input": np.array([4])}),
        nir.Affine(np.round(rng.normal(0, 8, (5, 4))) / 16, np.zeros(5)),
        units,
        nir.Linear(np.round(rng.normal(0, 8, (3, 5))) / 8),
        nir.LIF(**{name: value[:3] for name, value in {"tau": tau, **lif}.items()}),
        nir.Output({"output": np.array([3])}),
    )
    write_graph(graph, path)
    return (rng.random((60, 4)) < 0.4).astype(float)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**16), asked=st.sampled_from(["nir", "snntorch", "spikingjelly"]))
def test_a_reference_with_the_facts_gives_what_the_reader_does(tmp_path_factory, seed, asked):
    path = tmp_path_factory.mktemp("nir") / "a.nir"
    x = network(seed, path)
    opened = open_network(path, None, asked)
    found = certify_graph(path, opened, x, {}, stage)
    assert [row.name for row in found.readings] == list(READERS)
    assert found.reference == asked
    for row in found.readings:
        if row.note.startswith("node"):  # a step too long for its time constants
            continue
        right = run_graph(opened.graph, x, 1e-4, opened.dialect)
        theirs = run_graph(opened.graph, x, row.dt, dialect(row.dialect))
        assert row.spikes == theirs.sum()
        assert row.differ == np.count_nonzero(theirs != right)
        said, dt = asked, 1e-4
        for fact in row.facts:
            name, value, *_ = fact.split()
            said, dt = (said, float(value)) if name == "step" else (f"{said},{name}={value}", dt)
        assert np.array_equal(run_graph(opened.graph, x, dt, dialect(said)), theirs)
        assert (row.node is None) == (row.differ == 0) == (not row.facts)


def test_readers_that_agree_have_no_reasons(tmp_path):
    x = network(0, tmp_path / "a.nir")
    found = certify_graph(tmp_path / "a.nir", open_network(tmp_path / "a.nir"), x, {}, stage)
    by = {row.name: row for row in found.readings}
    assert (by["nir"].differ, by["lava"].differ, by["lava"].facts) == (0, 0, ())
    assert by["sinabs"].differ
    assert not found.agrees
    assert {pair[2] for pair in found.pairs if set(pair[:2]) == {"nir", "lava"}} == {0}


def test_an_importer_that_fails_or_lies_is_said(tmp_path, monkeypatch):
    x = network(0, tmp_path / "a.nir")

    def run(importer, graph, x, units, python, dt, progress):
        if importer == "norse":
            raise SimulationError("the simulator failed: KeyError: 'tau'")
        return np.ones((units, len(x)), np.float32), {importer: "1.0"}

    monkeypatch.setattr(graph_certificate, "run_importer", run)
    monkeypatch.setattr(graph_certificate, "is_installed", lambda n: n in ("norse", "snntorch"))
    opened = open_network(tmp_path / "a.nir", None, "snntorch,reset=zero")
    found = certify_graph(tmp_path / "a.nir", opened, x, {}, stage)
    by = {row.name: row for row in found.readings}
    assert by["norse"].importer_wrong is None
    assert "its importer refuses it: the simulator failed" in by["norse"].note
    assert by["snntorch"].differ == 0
    assert by["snntorch"].importer_wrong == 180 - by["snntorch"].spikes
    assert by["snntorch"].versions == {"snntorch": "1.0"}
    assert "does not do what its dialect says" in by["snntorch"].note


def test_what_no_chip_runs_is_said_and_the_rest_remains(tmp_path):
    x = network(0, tmp_path / "a.nir")
    opened = open_network(tmp_path / "a.nir", None, "sinabs")
    found = certify_graph(tmp_path / "a.nir", opened, x, {}, stage)
    (row,) = found.back_ends
    assert row.wrong in (None, 0)
    assert row.note or row.differ == 0
