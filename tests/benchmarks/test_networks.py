import nir
import numpy as np

from benchmarks.networks import measure


def test_a_network_is_measured_against_lava_at_equal_spikes(tmp_path):
    ones = np.ones(3)
    graph = nir.NIRGraph.from_list(
        nir.Input({"input": np.array([4])}),
        nir.Linear(np.random.default_rng(0).integers(-1, 4, (3, 4)) / 4),
        nir.IF(ones, ones, 0 * ones),
        nir.Output({"output": np.array([3])}),
    )
    path = tmp_path / "graph.nir"
    nir.write(path, graph)
    (row,) = measure([f"{path}:sinabs"], 30, 0.4)
    assert (row["network"], row["dialect"], row["wrong"]) == ("graph.nir", "sinabs", 0)
    assert row["memory"]
    assert row["spikes"] > 0
