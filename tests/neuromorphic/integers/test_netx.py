import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neuromorphic.integers.entry import Entry
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.netx_reader import read_entry, read_netx
from runtime.errors import GraphError, OutputError


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), shift=st.integers(1, 12))
def test_round_trip(make_layer, tmp_path_factory, seed, shift):
    layer = make_layer(seed, shift=shift)
    path = tmp_path_factory.mktemp("netx") / "layer.net"
    write_netx(layer.network(), path)
    (again,), (own,) = read_netx(path).layers, layer.network().layers
    synapse, wanted = again.connections[0].synapse, own.connections[0].synapse
    assert np.array_equal(synapse.weight, wanted.weight)
    assert synapse.weight_exp == wanted.weight_exp
    assert np.array_equal(again.neuron.bias_mant, own.neuron.bias_mant)
    assert again.neuron.is_memoryless()
    assert (again.neuron.vth, again.neuron.bias_exp) == (own.neuron.vth, own.neuron.bias_exp)


def test_layout_is_what_lava_dl_reads(make_layer, tmp_path):
    layer = make_layer(3)
    path = tmp_path / "layer.net"
    write_netx(layer.network(), path)
    with h5py.File(path) as file:
        group = file["layer/0"]
        assert group["type"][0] == b"dense"
        assert group["neuron/type"][0] == b"CUBA"
        assert (group["neuron/iDecay"][()], group["neuron/vDecay"][()]) == (4096, 4096)
        assert np.array_equal(group["bias"], layer.bias + 2)  # 64 (sum + bias + 2) > 64 vThMant


def test_does_not_overwrite(make_layer, tmp_path):
    path = tmp_path / "layer.net"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError):
        write_netx(make_layer(0).network(), path)
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("data", [b"", b"not HDF5", bytes(10000)])
def test_refuses_other_files(tmp_path, data):
    path = tmp_path / "layer.net"
    path.write_bytes(data)
    with pytest.raises(GraphError, match=r"layer\.net"):
        read_netx(path)


def test_refuses_a_missing_and_a_truncated_file(make_layer, tmp_path):
    path = tmp_path / "layer.net"
    with pytest.raises(GraphError, match=r"layer\.net"):
        read_netx(path)
    write_netx(make_layer(0).network(), path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(GraphError, match=r"layer\.net"):
        read_netx(path)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("type", np.array([b"pool"], "S10"), r"layer 0 \(pool\): lava-dl's reader does not"),
        ("type", np.array([b"conv"], "S10"), "the shape of what it gets"),
        ("neuron/type", np.array([b"ALIF"], "S10"), "neurons of type 'ALIF'"),
        ("weight", np.full((9, 13), 2**17), "its weights reach 131072"),
        ("bias", np.zeros(4), r"bias is \(4,\); \(9,\) is needed"),
        ("bias", np.full(9, np.nan), "not integers"),
        ("weightShift", 99, "weightShift is 99"),
    ],
)
def test_names_what_is_wrong(make_layer, tmp_path, key, value, words):
    path = tmp_path / "layer.net"
    write_netx(make_layer(0).network(), path)
    with h5py.File(path, "a") as file:
        del file["layer/0"][key]
        file["layer/0"][key] = value
    with pytest.raises(GraphError, match=words) as caught:
        read_netx(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [(0, 0), (0, 9), (2000, 8), ("x", 8)])
def test_an_input_keeps_its_scale_and_another_is_refused(make_layer, tmp_path, bad):
    path, network = tmp_path / "layer.net", make_layer(3).network()
    write_netx(network, path)
    assert read_entry(path) is None
    write_netx(network, path, overwrite=True, entry=Entry(-3, 8))
    assert read_entry(path) == Entry(-3, 8)
    with h5py.File(path, "a") as file:
        file.attrs.update(dict(zip(("inputExponent", "inputBits"), bad, strict=True)))
    with pytest.raises(GraphError, match=r"layer\.net: "):
        read_entry(path)


def test_refuses_a_second_layer(make_layer, tmp_path):
    path = tmp_path / "layer.net"
    write_netx(make_layer(0).network(), path)
    with h5py.File(path, "a") as file:
        file.copy("layer/0", "layer/1")
    with pytest.raises(GraphError, match="takes 13 values, gets 9"):
        read_netx(path)
