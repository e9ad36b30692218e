"""NIR files: written so that old and new readers accept them, and checked when read."""

import shutil
from pathlib import Path
from typing import Any

import h5py
import nir
import numpy as np
from nir.serialization import hdf2dict

from neuromorphic.graphs.graph import FIELDS, Graph, parse_graph, require_known
from neuromorphic.hdf5 import opened_hdf5
from runtime.errors import GraphError, one_line
from runtime.files import replacing

VERSIONS = ("0.", "1.")  # nir does not check versions; others may differ in meaning


def write_graph(graph: nir.NIRGraph, path: Path, overwrite: bool = False) -> None:
    """Write `graph` as a NIR file; two writes of one graph give the same bytes.

    Raises `GraphError` if the graph cannot be run, `OutputError` if `path` cannot be written.
    """
    parse_graph(graph)
    with replacing(path, overwrite) as temporary:
        nir.write(temporary, graph)
        with h5py.File(temporary, "a") as file:
            _drop_zero_resets(file["node"])


def copy_for_old_readers(source: Path, target: Path) -> None:
    """Copy a NIR file for readers that do not know of `v_reset`, where these are zeros."""
    shutil.copyfile(source, target)
    with h5py.File(target, "a") as file:
        _drop_zero_resets(file["node"])


def _drop_zero_resets(graph: h5py.Group) -> None:
    """Remove resets to zero, which nir < 1.0.6, that Sinabs and Rockpool pin, refuses to read.

    Newer ones fill the zeros in again.
    """
    for node in graph["nodes"].values():
        if "nodes" in node:
            _drop_zero_resets(node)
        elif "v_reset" in node and not np.any(node["v_reset"][()]):
            del node["v_reset"]


def read_graph(path: Path) -> Graph:
    """Read a NIR file as a graph that can be run (see `parse_graph`).

    Raises `GraphError` when the file is truncated, damaged, of an unknown version or too large, or
    holds a node or a value that cannot be run. (HDF5 1.14 itself hangs on some single-bit errors:
    check the hash of a downloaded file first.)
    """
    with opened_hdf5(path, "NIR") as file:
        version = _text(file["version"])
        if not version.startswith(VERSIONS):
            raise GraphError(
                f"NIR version {version!r} is unknown; write it with nir {VERSIONS[-1]}x"
            )
        return parse_graph(_graph(file["node"]))


def _graph(group: h5py.Group, prefix: str = "") -> nir.NIRGraph:
    for part in ("nodes", "edges"):
        if part not in group:
            where = f"node {prefix[:-1]!r}: " if prefix else ""
            raise GraphError(f"{where}has no {part}; what wrote the file broke off")
    nodes = {name: _node(prefix + name, node) for name, node in group["nodes"].items()}
    edges = [(source.decode("utf8"), target.decode("utf8")) for source, target in group["edges"]]
    metadata = hdf2dict(group["metadata"]) if "metadata" in group else {}
    # nir's own type check mistakes C_in of a grouped Conv1d for C_in / groups; ours follows.
    return nir.NIRGraph(nodes, edges, metadata, type_check=False)


def _node(name: str, group: h5py.Group) -> nir.NIRNode:
    if "type" not in group:
        raise GraphError(f"node {name!r}: has no type; what wrote the file broke off")
    kind = _text(group["type"])
    if kind == "NIRGraph":
        return _graph(group, f"{name}.")
    require_known([(name, kind)])
    try:
        return nir.dict2NIRNode(_filled(kind, hdf2dict(group)))
    except Exception as error:  # nir's asserts, divisions and look-ups raise all sorts of errors
        raise GraphError(f"node {name!r}: nir cannot make it ({one_line(error)})") from error


def _filled(kind: str, stored: dict[str, Any]) -> dict[str, Any]:
    """Return the stored fields of a node in the form that nir's constructors expect.

    A missing input_shape becomes None, and a single number is used for all units.
    """
    if kind in ("Conv1d", "Conv2d"):
        return {"input_shape": None, **stored}
    if "weight" in stored:
        return stored
    arrays = {name: np.asarray(stored[name]) for name in FIELDS[kind] if name in stored}
    largest = max(arrays.values(), key=np.size, default=np.zeros(1))
    alike = {
        name: np.full(largest.shape, array.item(), array.dtype)
        for name, array in arrays.items()
        if array.size == 1
    }
    return {**stored, **alike}


def _text(dataset: h5py.Dataset) -> str:
    value = dataset[()]
    return value.decode("utf8", "replace") if isinstance(value, bytes) else str(value)
