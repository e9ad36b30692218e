import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.probe import Probe, planted, read_probe, write_probe
from runtime.errors import BundleError


@settings(max_examples=30)
@given(seed=st.integers(0, 2**32 - 1))
def test_plants_extremes_and_both_sides_of_every_threshold(make_layer, seed):
    layer = make_layer(seed, inputs=40, shift=3)
    layer = type(layer)(layer.weight, layer.bias % 100, layer.shift)  # thresholds within reach
    payload = planted(layer.exact)
    assert payload.shape == (40, 4 * layer.units + 3)
    assert payload.min() == -127
    sums = layer.weight.astype(np.int64) @ payload + (layer.bias[:, None] << layer.shift)
    bounds = layer.sum_bounds()
    for unit, row in enumerate(sums):
        lowest, above, highest, below = row[4 * unit : 4 * unit + 4]
        bias = int(layer.bias[unit]) << layer.shift
        assert (lowest - bias, highest - bias) == (-bounds[unit], bounds[unit])
        finest = np.abs(layer.weight[unit][layer.weight[unit] != 0]).min()
        assert abs(above) <= finest
        assert abs(below + 1) <= finest


@pytest.mark.parametrize("with_torch", [True, False])
def test_file_round_trip(make_layer, tmp_path, with_torch):
    layer = make_layer(0)
    payload = planted(layer.exact)
    path = tmp_path / "probe.npz"
    spikes = layer.spikes(payload) if with_torch else None
    write_probe(Probe(payload, 3, spikes), path)
    first = path.read_bytes()
    again = read_probe(path)
    assert np.array_equal(again.payload, payload)
    assert again.real == 3
    assert again.torch is None if spikes is None else np.array_equal(again.torch, spikes)
    write_probe(again, path, overwrite=True)
    assert path.read_bytes() == first


def test_refuses_other_files(tmp_path):
    path = tmp_path / "probe.npz"
    np.savez(path, payload=np.zeros((2, 3)), real=0)
    with pytest.raises(BundleError, match=r"probe\.npz: not a probe \(payload is \(2, 3\) float64"):
        read_probe(path)
    for data in (b"", b"PK\x03\x04 no zip", bytes(1000)):
        path.write_bytes(data)
        with pytest.raises(BundleError, match="not a probe"):
            read_probe(path)
