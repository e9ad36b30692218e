import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nir
import numpy as np
import pytest

from neuromorphic import simulate as back_ends
from neuromorphic.graphs.files import write_graph
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.integers.nir_forms import portable_graph
from runtime.bundle import Bundle, open_bundle, write_manifest
from runtime.errors import MissingPackageError

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Three units of two inputs."""
    weight = np.array([[1, -1], [2, 0], [-3, 3]], np.int32)
    path = tmp_path / "graph.nir"
    write_graph(portable_graph(IntegerLayer(weight, np.zeros(3, np.int32), 0).exact), path)
    return path


def test_describes_a_graph(cli: Run, graph: Path) -> None:
    code, shown, _ = cli("nir", graph)
    assert code == 0
    assert [line.split()[0] for line in shown.splitlines()] == [
        "node",
        "input",
        "affine",
        "lif",
        "output",
    ]
    code, shown, _ = cli("nir", graph, "--json")
    affine = json.loads(shown)["nodes"][1]
    assert (affine["kind"], affine["synapses"], affine["zeros"]) == ("Affine", 6, 1)


def test_runs_a_graph(cli: Run, graph: Path, tmp_path: Path) -> None:
    x, out = tmp_path / "x.npy", tmp_path / "out.npy"
    np.save(x, np.array([[2, 1], [0, 1], [-5, -5]], np.int8))
    code, shown, _ = cli("nir", graph, "--run", x, "-o", out, "--json")
    assert code == 0
    assert json.loads(shown)["shape"] == [3, 3]
    assert np.load(out).tolist() == [[1, 1, 0], [0, 1, 1], [1, 0, 1]]
    assert cli("nir", graph, "--run", x, "-o", out)[0] == 2
    assert cli("nir", graph, "--run", x, "-o", out, "-f")[0] == 0


def test_what_cannot_be_run_is_one_line(cli: Run, graph: Path, tmp_path: Path) -> None:
    x, out, text, other = (tmp_path / n for n in ("x.npy", "out.npy", "text", "other.nir"))
    np.save(x, np.zeros((3, 5)))
    text.write_text("no array")
    nir.write(other, nir.NIRGraph.from_list(nir.I(np.full(2, np.nan))))
    for words, expected in (
        ((graph, "--run", x), "--run and --out belong together"),
        ((graph, "--run", x, "-o", out), "input is (3, 5)"),
        ((graph, "--run", text, "-o", out), "text: not a .npy file"),
        ((graph, "--run", tmp_path / "none", "-o", out), "no such file"),
        ((text,), "text: not a readable NIR file"),
        ((tmp_path / "none",), "none: no such file"),
        ((other,), "node 'i': r holds values that are not finite"),
    ):
        code, _, errors = cli("nir", *words)
        assert code == 2
        assert expected in errors
        assert errors.count("\n") == 1
    assert not out.exists()


@pytest.fixture
def own(spiking_bundle: Bundle, tmp_path: Path) -> Path:
    """A bundle that a test may change."""
    return Path(shutil.copytree(spiking_bundle.path, tmp_path / "bundle"))


@pytest.fixture
def only_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither Lava nor importers: what takes its time is tested where it is run."""
    original = back_ends.spikes

    def spikes(bundle: Bundle, payload: object, name: str, progress: object) -> object:
        if name not in ("nir", "nir-lif", "integer"):
            raise MissingPackageError("no Lava")
        return original(bundle, payload, name, progress)

    monkeypatch.setattr(back_ends, "spikes", spikes)
    monkeypatch.setattr("export.certificate.is_installed", lambda name: False)


@pytest.mark.usefixtures("only_here")
def test_certifies_a_bundle_and_keeps_its_name(cli: Run, own: Path) -> None:
    name = open_bundle(own).manifest.model_hash
    code, shown, _ = cli("certify", own, "--json")
    assert code == 0
    again = open_bundle(own)
    assert again.manifest.model_hash == name
    assert {"certificate.json", "probe.npz"} <= again.manifest.files.keys()
    assert json.loads(shown) == json.loads(again.file("certificate.json").read_text())
    first = again.file("certificate.json").read_bytes()
    assert cli("certify", own)[0] == 0
    assert open_bundle(own).file("certificate.json").read_bytes() == first


@pytest.mark.parametrize("python", ["norse=/no/python", "brian=python3", "norse"])
def test_refuses_a_python_that_is_not_there_before_the_work(cli: Run, python: str) -> None:
    code, output, errors = cli("certify", "--python", python)
    assert (code, output, errors.count("\n")) == (2, "", 1)
    assert python.partition("=")[0] in errors


@pytest.mark.usefixtures("only_here")
def test_a_portable_graph_that_differs_is_found(cli: Run, own: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    other = IntegerLayer(np.ones((5, 8), np.int32), np.zeros(5, np.int32), 0)
    write_graph(portable_graph(other.exact), own / "bottleneck.lif.nir", overwrite=True)
    manifest = json.loads((own / "manifest.json").read_text())
    write_manifest(own, {k: v for k, v in manifest.items() if k not in ("files", "format")})
    code, _, _ = cli("certify", own, "-o", out, "--json")
    assert code == 1
    rows = {row["name"]: row["wrong"] for row in json.loads(out.read_text())["rows"]}
    assert rows["nir"] == rows["integer"] == rows["torch"] == 0
    assert rows["nir-lif"] > 0
    assert rows["lava"] is None
    assert not (own / "certificate.json").exists()
    assert cli("certify", own, "-o", out)[0] == 2
