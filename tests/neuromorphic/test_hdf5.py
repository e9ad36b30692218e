"""What a hostile HDF5 file may try, as a NIR graph and as a netx file."""

import os
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from neuromorphic.graphs.files import read_graph
from neuromorphic.hdf5 import opened_hdf5
from neuromorphic.integers.netx_reader import read_entry, read_netx
from runtime.errors import GraphError


def external_link(file: h5py.File) -> None:
    file["elsewhere"] = h5py.ExternalLink("secret.h5", "/secret")


def soft_link(file: h5py.File) -> None:
    file["elsewhere"] = h5py.SoftLink("/array")


def raw_file(file: h5py.File) -> None:
    file.create_dataset("raw", (8,), "u1", external=[("secret.bin", 0, 8)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((8,), "u1")
    layout[:] = h5py.VirtualSource("secret.h5", "secret", (8,))
    file.create_virtual_dataset("seen", layout)


def bomb(file: h5py.File) -> None:
    file.create_dataset("zeros", (2**30,), "f8", chunks=(2**20,), compression="gzip")


def many_bombs(file: h5py.File) -> None:
    for number in range(20):
        file.create_dataset(f"zeros{number}", (2**23,), "f8", chunks=(2**20,), compression="gzip")


def loop(file: h5py.File) -> None:
    file["group/again"] = file.create_group("group")


def depths(file: h5py.File) -> None:
    file.create_group("/".join("a" * 1000))


def long_name(file: h5py.File) -> None:
    file.create_group("a" * 10_000)


def references(file: h5py.File) -> None:
    file.create_dataset("references", data=np.array([file.ref], h5py.ref_dtype))


@pytest.mark.parametrize("read", [read_graph, read_netx, read_entry])
@pytest.mark.parametrize(
    "attack",
    [
        external_link,
        soft_link,
        raw_file,
        virtual,
        bomb,
        many_bombs,
        loop,
        depths,
        long_name,
        references,
    ],
)
def test_what_leads_elsewhere_or_grows_is_refused(
    tmp_path: Path, read: Callable[[Path], object], attack: Callable[[h5py.File], None]
) -> None:
    path = tmp_path / "evil.h5"
    with h5py.File(path, "w") as file:
        file["array"] = [1, 2, 3]
        attack(file)
    with pytest.raises(GraphError) as caught:
        read(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "readable" not in message  # refused for what it is, not for what it lacks
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))


@pytest.mark.parametrize("read", [read_graph, read_netx, read_entry])
def test_no_file_no_hdf5_and_no_regular_file_are_named(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    fifo, text = tmp_path / "fifo", tmp_path / "text"
    os.mkfifo(fifo)
    text.write_text("once upon a time")
    for path, said in ((fifo, "regular"), (text, "not a readable"), (tmp_path / "x", "no such")):
        with pytest.raises(GraphError, match=said):
            read(path)


def test_an_honest_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "good.h5"
    with h5py.File(path, "w") as file:
        file["a/b"] = np.arange(5)
        file["a/c"] = ["one", "two"]
        file.attrs["version"] = 1
    with opened_hdf5(path, "good") as file:
        assert file["a/b"][()].tolist() == [0, 1, 2, 3, 4]
