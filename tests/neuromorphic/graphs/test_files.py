import h5py
import nir
import numpy as np
import pytest

from neuromorphic.graphs.files import read_graph, write_graph
from neuromorphic.integers.nir_forms import exact_graph
from runtime.errors import GraphError, OutputError


@pytest.fixture
def file_of(chain, lif, tmp_path):
    """A good file, and the same after a change of what HDF5 holds in it."""

    def make(change=lambda file: None):
        path = tmp_path / "a.nir"
        nir.write(path, chain(lif()))
        with h5py.File(path, "a") as file:
            change(file)
        return path

    return make


def refuses(path, words):
    with pytest.raises(GraphError, match=rf"a\.nir: .*{words}") as caught:
        read_graph(path)
    assert "\n" not in str(caught.value)


def test_a_reset_that_is_not_zero_is_kept(chain, lif, tmp_path):
    path = tmp_path / "layer.nir"
    write_graph(chain(lif(v_reset=-1)), path)
    assert (read_graph(path).stages[1].node.v_reset == -1).all()


@pytest.mark.parametrize("data", [b"", b"not HDF5", bytes(100_000)])
def test_refuses_other_files(tmp_path, data):
    path = tmp_path / "a.nir"
    path.write_bytes(data)
    refuses(path, "not a readable NIR file")


def test_refuses_a_gigabyte_of_zeros(tmp_path):
    path = tmp_path / "a.nir"
    with path.open("wb") as file:
        file.truncate(2**30)  # takes no space, and nobody may read it whole
    refuses(path, "not a readable NIR file")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_refuses_truncated_files(make_layer, tmp_path, share):
    path = tmp_path / "a.nir"
    write_graph(exact_graph(make_layer(0).exact), path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    refuses(path, "not a readable NIR file")


def test_refuses_unknown_versions_and_kinds(file_of):
    def version(file):
        del file["version"]
        file["version"] = "99.0"

    def kind(file):
        del file["node/nodes/lif/type"]
        file["node/nodes/lif/type"] = "Mystery"

    refuses(file_of(version), "version '99.0' is unknown")
    refuses(file_of(kind), "'lif': Mystery is not supported")


def test_names_the_node_that_nir_cannot_make(file_of):
    def longer(file):
        del file["node/nodes/lif/tau"]
        file["node/nodes/lif/tau"] = np.ones(3)

    def without(file):
        del file["node/nodes/lif/tau"]

    def more(file):
        file["node/nodes/lif/colour"] = "blue"

    refuses(file_of(longer), "'lif': nir cannot make it .*same shape")
    refuses(file_of(without), "'lif': nir cannot make it .*tau")
    refuses(file_of(more), "'lif': nir cannot make it .*colour")


def test_refuses_what_would_fill_the_memory(file_of):
    def huge(file):
        # Takes no space on disk, and would take a terabyte in memory.
        file["node/nodes/lif"].create_dataset("huge", (2**37,), "f8", chunks=(2**20,))

    def long_text(file):
        file["node/nodes/lif"].create_dataset("text", (1,), f"S{2**31 - 1}", compression="gzip")

    refuses(file_of(huge), "its arrays take .* bytes or more; at most")
    refuses(file_of(long_text), "at most")


def test_refuses_what_is_not_in_the_file(file_of, tmp_path):
    def soft(file):
        file["node/nodes/lif/other"] = h5py.SoftLink("/node/nodes/lif/tau")

    def elsewhere(file):
        file["node/nodes/lif/other"] = h5py.ExternalLink("b.nir", "/version")

    def circle(file):
        file["node/nodes/lif/self"] = file["node/nodes"]

    def raw(file):
        file.create_dataset("node/nodes/lif/raw", (4,), "u1", external=[(tmp_path / "b", 0, 4)])

    refuses(file_of(soft), "is a link")
    refuses(file_of(elsewhere), "is a link")
    refuses(file_of(circle), "appears twice")
    refuses(file_of(raw), "lies in another file")


def test_refuses_a_graph_whose_ends_nir_would_invent(file_of):
    def headless(file):
        del file["node/nodes/input"], file["node/edges"]
        file["node/edges"] = np.array([[b"lif", b"output"]], "S9")

    refuses(file_of(headless), "graph has 0 Input nodes")


def test_does_not_overwrite(make_layer, tmp_path):
    path = tmp_path / "a.nir"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError):
        write_graph(exact_graph(make_layer(0).exact), path)
    assert path.read_bytes() == b"mine"
