"""What frameworks compute themselves, recorded with their own exports, against our executor."""

from pathlib import Path

import numpy as np
import pytest

from neuromorphic.graphs.dialects import dialect
from neuromorphic.graphs.files import read_graph
from neuromorphic.graphs.run import run_graph

RECORDED = Path(__file__).parent / "recorded"  # made by its record.py
STEPS = {"norse": 1e-6}  # Norse's exporter multiplies its time constants by dt once too often
NAMES = ("snntorch", "norse", "sinabs", "spikingjelly", "rockpool")


@pytest.mark.parametrize("name", NAMES)
def test_no_spike_differs_from_the_frameworks_own(name, tmp_path):
    spoken, path = dialect(name), tmp_path / "a.nir"
    with np.load(RECORDED / f"{name}.npz") as recorded:
        assert str(recorded["versions"]).startswith(name)
        seeds = [key.removesuffix(".nir") for key in recorded.files if key.endswith(".nir")]
        wrong, silent = {}, 0
        for seed in seeds:
            path.write_bytes(recorded[f"{seed}.nir"].tobytes())
            graph, theirs = read_graph(path), recorded[f"{seed}.out"]
            x = np.random.default_rng(0).random((len(theirs), *graph.input_shape)) < 0.2
            ours = run_graph(graph, x, STEPS.get(name, spoken.step), spoken)
            silent += not theirs.any()
            if differ := int(np.count_nonzero(ours != theirs)):
                wrong[seed] = differ
    assert len(seeds) == 50
    assert silent < 5
    assert not wrong
