import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import nir
import numpy as np
import pytest

from neuromorphic.graphs import STEP
from neuromorphic.graphs.files import write_graph
from runtime.bundle import Bundle

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """Leaky units, 4 to 3."""
    ones = np.ones(3)
    nodes = {
        "in": nir.Input({"input": np.array([4])}),
        "affine": nir.Affine(np.random.default_rng(0).normal(0, 1, (3, 4)), ones / 4),
        "lif": nir.LIF(2 * STEP * ones, ones, 0 * ones, ones / 2, v_reset=0 * ones),
        "out": nir.Output({"output": np.array([3])}),
    }
    path = tmp_path / "net.nir"
    write_graph(nir.NIRGraph(nodes, list(pairwise(nodes))), path)
    np.save(tmp_path / "x.npy", np.random.default_rng(1).integers(0, 2, (50, 4)))
    return path


def test_a_graph_is_quantised_fitted_and_simulated(cli: Run, graph: Path, tmp_path: Path) -> None:
    net, data = tmp_path / "net.net", ("--input", tmp_path / "x.npy")
    code, output, _ = cli("quantise", graph, net, *data, "--json")
    facts = json.loads(output)
    assert (code, facts["compared"], facts["payload_bits"]) == (0, 150, 1)
    assert [layer["name"] for layer in facts["layers"]] == ["lif"]
    for given in (net, graph):
        code, output, _ = cli("fit", given, "--chip", "loihi1", "--json")
        assert (code, json.loads(output)["cores"]) == (0, 1)
    code, output, _ = cli("simulate", graph, *data, "--backend", "integer", "--json")
    (row,) = json.loads(output)
    assert row["from_nir"] == facts["flips"]
    assert "integer" in cli("simulate", net, *data, "--backend", "integer")[1]
    assert "lif" in cli("quantise", graph, net, *data, "-f")[1]


def test_each_of_several_inputs_has_its_file(cli: Run, tmp_path: Path) -> None:
    ones = np.ones(3)
    nodes = {
        "left": nir.Input({"input": np.array([3])}),
        "right": nir.Input({"input": np.array([3])}),
        "lif": nir.LIF(2 * STEP * ones, ones, 0 * ones, ones / 2, v_reset=0 * ones),
        "out": nir.Output({"output": np.array([3])}),
    }
    edges = [("left", "lif"), ("right", "lif"), ("lif", "out")]
    write_graph(nir.NIRGraph(nodes, edges), tmp_path / "net.nir")
    for name in ("left", "right"):
        np.save(tmp_path / f"{name}.npy", np.random.default_rng(1).integers(0, 2, (50, 3)))
    given = [f"{name}={tmp_path / name}.npy" for name in ("left", "right")]
    data = ("--input", given[0], "--input", given[1])
    net = tmp_path / "net.nir"
    code, output, _ = cli("simulate", net, *data, "--backend", "integer", "--json")
    (row,) = json.loads(output)
    assert (code, row["spikes"] > 0) == (0, True)
    for verb in (("quantise",), ("fit", "--chip", "loihi1"), ("energy", "--chip", "loihi1")):
        assert cli(verb[0], net, *verb[1:], *data)[0] == 0
    code, _, error = cli("simulate", net, "--input", tmp_path / "left.npy")
    assert (code, "write --input left=FILE.npy --input right=FILE.npy" in error) == (2, True)
    code, output, _ = cli("certify", net, *data)  # Sinabs and Rockpool mean other spikes by it
    assert (code, "In a chip's integers" in output) == (1, True)


def test_a_graph_is_billed_on_an_input_or_on_random_spikes(
    cli: Run, graph: Path, tmp_path: Path
) -> None:
    code, output, _ = cli("energy", graph, "--input", tmp_path / "x.npy", "--json")
    found = json.loads(output)
    assert (code, found["steps"], found["unchecked"]) == (0, 50, None)
    ones = int(np.load(tmp_path / "x.npy").sum())
    assert found["counts"]["affine"]["synaptic_events"] == 3 * ones
    assert found["chips"]["loihi1"]["operations_j"] > 0
    assert "does not fit" in found["chips"]["truenorth"]["refused"]
    code, output, _ = cli("energy", graph, "--rate", "100", "--dt", "2e-4", "--chip", "loihi1")
    assert code == 0
    assert "5,000 steps, 1 s" in output
    assert "neuron update idle" in output


def test_a_netx_file_is_billed_layer_by_layer(cli: Run, graph: Path, tmp_path: Path) -> None:
    net, data = tmp_path / "net.net", ("--input", tmp_path / "x.npy")
    assert cli("quantise", graph, net, *data)[0] == 0
    found = {}
    for path in (graph, net):
        code, output, _ = cli("energy", path, *data, "--json")
        found[path] = json.loads(output)
        assert code == 0
    (layer,) = found[net]["counts"].values()
    ones = int(np.load(tmp_path / "x.npy").sum())
    assert (layer["input_words"], layer["synaptic_events"]) == (ones, 3 * ones)
    assert found[net]["chips"]["loihi1"]["operations_j"] == pytest.approx(
        found[graph]["chips"]["loihi1"]["operations_j"], rel=0.01
    )


def test_a_graph_that_no_chip_holds_is_counted_all_the_same(cli: Run, tmp_path: Path) -> None:
    ones, path = np.ones(3), tmp_path / "li.nir"
    readout = nir.LI(2 * STEP * ones, ones, 0 * ones)
    ends = nir.Input({"input": np.array([3])}), nir.Output({"output": np.array([3])})
    write_graph(nir.NIRGraph.from_list(ends[0], readout, ends[1]), path)
    code, output, _ = cli("energy", path, "--rate", "1000", "--dt", "2e-4")
    assert code == 0
    assert "Not checked against the limits of the chips: node 'li'" in output


def test_a_network_larger_than_any_chip_is_said_in_one_line(cli: Run, tmp_path: Path) -> None:
    weight, path = np.ones((4, 20_000)), tmp_path / "wide.nir"
    ones = np.ones(4)
    nodes = {
        "in": nir.Input({"input": np.array([20_000])}),
        "linear": nir.Linear(weight),
        "lif": nir.LIF(2 * STEP * ones, ones, 0 * ones, ones, v_reset=0 * ones),
        "out": nir.Output({"output": np.array([4])}),
    }
    write_graph(nir.NIRGraph(nodes, list(pairwise(nodes))), path)
    code, output, _ = cli("fit", path, "--chip", "loihi1")
    assert code == 1
    assert "does not fit: input_axons_per_core 20000 > 4096" in output
    np.save(tmp_path / "x.npy", np.eye(3, 20_000))
    code, output, _ = cli("energy", path, "--input", tmp_path / "x.npy", "--chip", "loihi1")
    assert code == 0
    assert "it fits on no chip whose sizes are published" in output.splitlines()


def test_one_processor_to_compare_with(cli: Run, graph: Path, tmp_path: Path) -> None:
    data = ("--input", tmp_path / "x.npy", "--json")
    for chosen, shown in (("gap9", ["gap9"]), ("int8-45nm", ["gap9", "ndp120", "stm32u5"])):
        found = json.loads(cli("energy", graph, *data, "--baseline", chosen)[1])["chips"]
        assert list(found["loihi2"]["baselines"])[:3] == shown
        assert found["gap9"]["baselines"] == {}


def test_what_does_not_fit_ends_with_code_1(cli: Run, spiking_bundle: Bundle) -> None:
    code, output, errors = cli("fit", spiking_bundle.path, "--chip", "truenorth")
    assert (code, errors) == (1, "")
    assert "does not fit: weight_bits 5 > 1" in output
    code, output, _ = cli("fit", spiking_bundle.path, "--chip", "truenorth", "--json")
    found = json.loads(output)
    assert (code, found["verdict"], found["binds"]) == (1, "exceeded", "weight_bits")
    code, output, _ = cli("fit", spiking_bundle.path, "--chip", "loihi2")
    assert code == 0
    assert "unchecked" in output


CHIP = """
name = "mine"
title = "Mine"
node = "1 um"
covers = "all"

[limits.cores]
value = 2
low = 1
unit = "count"
kind = "wall"
evidence = "measured"
scope = "chip"
source = "me"
"""


def bad_inputs(folder: Path) -> dict[str, tuple[object, ...]]:
    """Command lines that must each end in one line; `net.nir` and so on are there."""
    net, x = folder / "net.nir", ("--input", folder / "x.npy")
    chip = ("--chip", folder / "mine.toml")
    return {
        "missing network": ("fit", folder / "none.nir", "--chip", "loihi2"),
        "no network": ("fit", folder / "x.npy", "--chip", "loihi2"),
        "no chip": ("fit", net),
        "unknown chip": ("fit", net, "--chip", "loihi9"),
        "chip without a unit": ("fit", net, *chip),
        "chip upside down": ("fit", net, *chip),
        "chip with an unknown key": ("fit", net, *chip),
        "chip that is no table": ("fit", net, *chip),
        "no bundle": ("fit", folder, "--chip", "loihi2"),
        "no input": ("simulate", net),
        "nothing to count on": ("energy", net),
        "no step": ("energy", net, "--rate", "1", "--dt", "0"),
        "too many steps": ("energy", net, "--rate", "1", "--dt", "1e-12"),
        "more than a spike a step": ("energy", net, "--rate", "20000"),
        "a graph's input for a recording": ("energy", folder / "piece.wav", "--rate", "1"),
        "a graph on an unknown chip": ("energy", net, *x, "--chip", "loihi9"),
        "an unknown baseline": ("energy", net, *x, "--baseline", "gap10"),
        "a baseline without products": ("energy", net, *x, "--baseline", "loihi1"),
        "a price without a unit": ("energy", net, *x, *chip),
        "a price without a range": ("energy", net, *x, *chip),
        "a price without a source": ("energy", net, *x, *chip),
        "a derived price without its check": ("energy", net, *x, *chip),
        "missing input": ("simulate", net, "--input", folder / "none.npy"),
        "input that is no array": ("simulate", net, "--input", net),
        "input of another width": ("simulate", net, "--input", folder / "wide.npy"),
        "steps that are too long": ("simulate", net, *x, "--dt", "1"),
        "steps back": ("quantise", net, folder / "out.net", *x, "--dt", "-1"),
        "existing output": ("quantise", net, folder / "x.npy", *x),
        "no such folder": ("quantise", net, folder / "none" / "out.net", *x),
        "nothing to scale by": ("quantise", net, folder / "out.net"),
        "chip without widths": ("quantise", net, folder / "out.net", *x, "--chip", "spinnaker1"),
    }


PRICE = """
[energy.mac]
value = 2
low = 1
high = 3
unit = "pJ"
evidence = "measured"
scope = "dynamic"
source = "me too"
"""
WRONG = {
    "a price without a unit": ('unit = "pJ"\n', "", "energy.mac.unit is None"),
    "a price without a range": ("high = 3\n", "", "energy.mac.high is missing"),
    "a price without a source": ('source = "me too"\n', "", "energy.mac.source is None"),
    "a derived price without its check": (
        'evidence = "measured"\nscope = "dynamic"',
        'evidence = "derived"\nscope = "dynamic"',
        "energy.mac.check is None",
    ),
    "an unknown baseline": ("", "", "baseline 'gap10' does not exist; use one of gap9"),
    "a baseline without products": ("", "", "loihi1 has no price of a product"),
    "chip without a unit": ('unit = "count"\n', "", "limits.cores.unit is None"),
    "chip upside down": ("low = 1", "low = 3", "low 3.0, value 2.0"),
    "chip with an unknown key": ("[limits.cores]", "[limits.kernels]", "kernels is not a key"),
    "chip that is no table": ("[limits.cores]", "limits = [", "is not valid TOML"),
}


@pytest.mark.parametrize("case", list(bad_inputs(Path())))
def test_bad_input_ends_in_one_line_and_writes_nothing(
    cli: Run, graph: Path, tmp_path: Path, case: str
) -> None:
    old, new, words = WRONG.get(case, ("", "", ""))
    assert old in CHIP + PRICE
    (tmp_path / "mine.toml").write_text((CHIP + PRICE).replace(old, new, 1 if old else 0))
    np.save(tmp_path / "wide.npy", np.ones((5, 7)))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    code, output, errors = cli(*bad_inputs(tmp_path)[case])
    assert (code, output) == (2, "")
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert words in errors
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
