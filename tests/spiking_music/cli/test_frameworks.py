"""Networks of other frameworks at the command line: from torch, to certificates and pages."""

import json
from collections.abc import Callable
from pathlib import Path

import nir
import numpy as np
import pytest

from export import graph_certificate
from neuromorphic.graphs.files import write_graph
from neuromorphic.opening import bundle_network
from runtime.bundle import Bundle
from spiking_music.report import inspection

Run = Callable[..., tuple[int, str, str]]

NETS = """
import torch
import snntorch as snn
from torch import nn

def make():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), snn.Leaky(beta=0.9, threshold=0.1, init_hidden=True))

def relu():
    return nn.Sequential(nn.Linear(4, 3), nn.ReLU())
"""


@pytest.fixture
def x(tmp_path: Path) -> Path:
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(0).random((20, 4)) < 0.5)
    return path


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Four inputs, and three units with memory."""
    ones, path = np.ones(3), tmp_path / "a.nir"
    lif = nir.LIF(tau=5e-4 * ones, r=5 * ones, v_leak=0 * ones, v_threshold=ones)
    weight = np.random.default_rng(0).normal(0.3, 1, (3, 4))
    write_graph(nir.NIRGraph.from_list(nir.Affine(weight, 0 * ones), lif), path)
    return path


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_certificate, "is_installed", lambda name: False)
    monkeypatch.setattr(graph_certificate, "CHIP", ("integer",))
    monkeypatch.setattr(inspection, "suitable", lambda forms: ("integer",))


def test_exports_a_torch_network(cli: Run, tmp_path: Path, x: Path) -> None:
    nets, out = tmp_path / "nets.py", tmp_path / "net.nir"
    nets.write_text(NETS)
    code, shown, _ = cli("nir", "export", f"{nets}:make", "--input", x, "-o", out)
    assert code == 0
    assert "equal to the module on the sample, with --dialect snntorch --dt 0.0001" in shown
    code, shown, errors = cli("nir", out)
    assert code == 0
    assert "--dialect snntorch" in errors
    assert cli("nir", "export", f"{nets}:make", "--input", x, "-o", out)[0] == 2
    assert cli("nir", "export", f"{nets}:make", "--input", x, "-o", out, "-f", "--json")[0] == 0
    other = tmp_path / "other.nir"
    code, _, errors = cli("nir", "export", f"{nets}:relu", "--input", x, "-o", other)
    assert (code, errors.count("\n")) == (2, 1)
    assert "node '1': ReLU has no NIR node" in errors
    assert not other.exists()


@pytest.mark.usefixtures("quick")
def test_certifies_a_graph(cli: Run, tmp_path: Path, graph: Path, x: Path) -> None:
    out = tmp_path / "certificate.json"
    code, shown, _ = cli("certify", graph, "--input", x, "-o", out)
    assert code == 1  # sinabs takes its time constants for steps
    assert "step 1 s instead of 0.0001 s" in shown
    found = json.loads(out.read_text())
    assert found["agrees"] is False
    assert {row["name"]: row["differ"] for row in found["readings"]}["nir"] == 0
    for words, expected in (
        ((graph,), "give --input FILE"),
        ((graph, "--input", x, "-o", out), "exists already"),
        ((graph, "--input", x, "--python", "spyx=python"), "is not an importer"),
        ((tmp_path, "--input", x), "--input does nothing for a bundle"),
        ((tmp_path / "a.net", "--input", x), "give simulate --backend netx"),
    ):
        code, _, errors = cli("certify", *words)
        assert code == 2
        assert expected in errors
        assert errors.count("\n") == 1


@pytest.mark.usefixtures("quick")
def test_several_inputs_and_outputs(cli: Run, tmp_path: Path, x: Path) -> None:
    ones, path = np.ones(4), tmp_path / "two.nir"
    lif = nir.LIF(tau=5e-4 * ones, r=5 * ones, v_leak=0 * ones, v_threshold=ones)
    scale = nir.Scale(scale=1.5 * ones)
    write_graph(
        nir.NIRGraph(
            {
                **{name: nir.Input({"input": np.array([4])}) for name in ("left", "right")},
                **{name: nir.Output({"output": np.array([4])}) for name in ("one", "other")},
                "scale": scale,
                "first": lif,
                "second": lif,
            },
            [
                ("left", "first"),
                ("right", "scale"),
                ("scale", "second"),
                ("first", "second"),
                ("first", "one"),
                ("second", "other"),
            ],
        ),
        path,
    )
    given = ("--input", f"left={x}", "--input", f"right={x}")
    code, shown, _ = cli("certify", path, *given, "--json")
    found = json.loads(shown)
    assert (code, found["steps"], found["entries"]) == (1, 20, 160)
    assert {row["name"]: row["differ"] for row in found["readings"]}["nir"] == 0
    assert found["spikes"] == {row["name"]: row["spikes"] for row in found["readings"]}["nir"] > 0
    page = tmp_path / "page.html"
    assert cli("inspect", path, *given, "-o", page)[0] == 0
    report = json.loads(page.with_suffix(".json").read_text())
    assert (report["steps"], report["energy"]["refused"]) == (20, None)
    code, _, errors = cli("certify", path, "--input", x)
    assert code == 2
    assert "write --input left=FILE" in errors


@pytest.mark.usefixtures("quick")
def test_inspects_a_graph_a_netx_file_and_a_bundle(
    cli: Run, tmp_path: Path, graph: Path, x: Path, spiking_bundle: Bundle
) -> None:
    net, latents = tmp_path / "a.net", tmp_path / "latents.npy"
    assert cli("quantise", graph, net, "--input", x)[0] == 0
    inputs = bundle_network(spiking_bundle).network.inputs
    np.save(latents, np.random.default_rng(0).integers(-20, 20, (20, inputs), np.int8))
    for given, data in ((graph, x), (net, x), (spiking_bundle.path, latents)):
        page = tmp_path / f"{given.name}.html"
        assert cli("inspect", given, "--input", data, "-o", page)[0] == 0
        text, report = page.read_text(), json.loads(page.with_suffix(".json").read_text())
        assert '<svg class="graph"' in text
        assert "src=" not in text
        assert "href=" not in text.replace("xlink:href=", "").replace('href="#', "")
        assert report["steps"] == 20
        assert report["command"] in text.replace("&#39;", "'")
        assert report["nodes"][0]["kind"] == "Input"
        assert report["fit"]["loihi2"]["verdict"] in ("ok", "unchecked")
        assert cli("inspect", given, "--input", data, "-o", page)[0] == 2
    code, _, errors = cli("inspect", graph, "--input", x, "-o", tmp_path / "page.txt")
    assert (code, errors.count("\n")) == (2, 1)
    assert "page.txt: the page is HTML" in errors


def test_counts_in_the_shape_of_neurobench(cli: Run, graph: Path, x: Path) -> None:
    code, shown, _ = cli("energy", graph, "--input", x, "--shape", "neurobench")
    assert code == 0
    found = json.loads(shown)
    assert found["Footprint"] == 4 * (12 + 3 + 5 * 3)
    assert found["SynapticOperations"]["Dense"] == 20 * 12
    assert found["SynapticOperations"]["Effective_ACs"] == 3 * int(np.load(x).sum())
