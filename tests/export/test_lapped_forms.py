"""The NIR and netx files of a LAPPED bundle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.importers import run_importer
from export.lapped_forms import write_forms
from neuromorphic.integers.lapped import layer_network
from neuromorphic.integers.network import run_network
from neuromorphic.integers.netx_reader import read_netx
from neuromorphic.opening import open_network
from runtime.bundle import open_bundle
from runtime.errors import ExportError, OutputError
from runtime.lapped import chip

BUNDLE = open_bundle(Path("lapped"))
UNITS = chip.Units(np.linspace(110, 30, 24).astype(np.int32)[None], 64)


def test_the_files_hold_the_same_units(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("export.lapped_forms.lapped_units", lambda bundle: UNITS)
    exact, portable, netx = write_forms(BUNDLE, tmp_path / "forms")
    network = layer_network(UNITS)
    rng = np.random.default_rng(0)
    x = rng.integers(-100, 101, (30, network.inputs))
    x[:, -1] = 1
    right = run_network(network, x.T)
    assert right.any()
    for path in (exact, portable):
        assert (right == open_network(path).run(x).T).all()
    assert (run_network(replace(read_netx(netx), largest=network.largest), x.T) == right).all()
    empty = np.zeros((60, network.inputs), np.int32)
    empty[:, -1] = 1
    empty[::2] = x
    found, _ = run_importer("snntorch", portable, empty, len(right))
    assert (found[:, ::2] == right).all()
    assert not found[:, 1::2].any()
    with pytest.raises(OutputError, match="exists"):
        write_forms(BUNDLE, tmp_path / "forms")


def test_another_bundle_has_its_files(tmp_path) -> None:
    with pytest.raises(ExportError, match="has its NIR and netx files in its folder"):
        write_forms(open_bundle(Path("small")), tmp_path)
