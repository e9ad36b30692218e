"""NIR files: written so that old and new readers take them, read with suspicion."""

from pathlib import Path

import h5py
import nir
import numpy as np

from neuromorphic.graph_check import checked, require_known
from runtime.errors import GraphError
from runtime.files import replacing

VERSION = "1."  # nir writes a version and checks none; another major version may mean otherwise
LARGEST = 2**26  # values in one file: half a gigabyte, before anything is read


def write_graph(graph: nir.NIRGraph, path: Path, overwrite: bool = False) -> None:
    """Write `graph` as a NIR file; two writes of one graph give the same bytes.

    Raises `GraphError` when the graph cannot be run, `OutputError` when `path` cannot be written.
    """
    checked(graph)
    with replacing(path, overwrite) as temporary:
        nir.write(temporary, graph)
        with h5py.File(temporary, "a") as file:
            for node in file["node/nodes"].values():
                # nir < 1.0.6, which Sinabs and Rockpool pin, has no such field and refuses it;
                # newer ones fill the zeros in again.
                if "v_reset" in node and not np.any(node["v_reset"][()]):
                    del node["v_reset"]


def read_graph(path: Path) -> nir.NIRGraph:
    """Read a NIR file and check what nir does not (see `graph_check.checked`).

    Raises `GraphError` when the file is damaged, of an unknown version, too large, or holds a
    node or a value that cannot be run.
    """
    try:
        with h5py.File(path, "r") as file:
            _check_file(file)
            names = set(file["node/nodes"])
        graph = nir.read(path)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error
    except (OSError, KeyError, ValueError, TypeError, AttributeError, AssertionError) as error:
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise GraphError(f"{path}: not a readable NIR file ({reason})") from error
    if added := set(graph.nodes) - names:
        raise GraphError(f"{path}: has no proper Input and Output; nir invented {sorted(added)}")
    try:
        checked(graph)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from error
    return graph


def _check_file(file: h5py.File) -> None:
    version = _text(file["version"])
    if not version.startswith(VERSION):
        raise GraphError(f"NIR version {version!r} is unknown; write it with nir {VERSION}x")
    nodes = file["node/nodes"]
    require_known((name, _text(node["type"])) for name, node in nodes.items())
    total = 0

    def add(_: str, item: h5py.Group | h5py.Dataset) -> None:
        nonlocal total
        total += int(item.size or 0) if isinstance(item, h5py.Dataset) else 0

    file.visititems(add)
    if total > LARGEST:
        raise GraphError(f"holds {total} values; at most {LARGEST} are read")


def _text(dataset: h5py.Dataset) -> str:
    value = dataset[()]
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)
