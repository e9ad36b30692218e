"""Everything on one network and one input: nodes, spikes, agreement, chips and energy."""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.graph_certificate import certify_graph
from neuromorphic.chips.catalogue import chip_names, load_chip
from neuromorphic.graphs.dialects import written
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.neurons import SPIKING
from neuromorphic.graphs.run import Input, graph_values, steps_of
from neuromorphic.graphs.summary import summary
from neuromorphic.integers.network import INPUT, SELF, blocks
from neuromorphic.opening import OpenNetwork
from neuromorphic.simulate import agreement, suitable
from runtime.errors import ChipError, GraphError, MissingPackageError, SimulationError
from runtime.files import replacing
from runtime.kinds import Progress
from spiking_music.report.versions import versions

Array = npt.NDArray[Any]
Stage = Callable[[str], AbstractContextManager[Progress]]

_PACKAGES = ("numpy", "nir", "lava-nc", "lava-dl", "tonic", "torch")


@dataclass(frozen=True, eq=False)
class Inspection:
    """`report` is what the JSON file holds; `traces (T, units)` are what its spiking nodes sent."""

    report: dict[str, Any]
    traces: dict[str, Array]


def inspected(
    path: Path,
    opened: OpenNetwork,
    x: Input,
    command: str,
    pythons: Mapping[str, str],
    stage: Stage,
) -> Inspection:
    """Run the network of the file or bundle `path` on `x (T, ...)` in every way there is.

    What cannot be done has its reason in its place. Raises `GraphError` if `x` does not fit.
    """
    with stage("run"):
        nodes, traces = _ran(opened, x)
        remarks = opened.remarks(x)
    rounded, reason = opened, None
    with stage("quantise"):
        try:
            rounded = opened.quantise(x)
            if rounded.rounding is not None and rounded.rounding.remark is not None:
                remarks.append(rounded.rounding.remark)
        except GraphError as error:
            reason = str(error)
    report: dict[str, Any] = {
        "title": path.name,
        "command": command,
        "sha256": _hash(path),
        "steps": steps_of(x),
        "step_s": opened.period,
        "dt_s": opened.dt,
        "dialect": written(opened.dialect),
        "notes": list(opened.notes),
        "remarks": remarks,
        "nodes": nodes,
        "agreement": _agreement(path, rounded, x, pythons, stage),
        "unrounded": reason,
        "fit": {name: _fit(rounded, name, x, reason) for name in chip_names()},
        "energy": _energy(opened, rounded, x),
        "neurobench": None,
        "versions": versions(_PACKAGES),
    }
    if opened.graph is not None and opened.file is None:
        report["neurobench"] = opened.neurobench(x)
    return Inspection(report, traces)


def write_inspection(found: Inspection, text: str, page: Path, overwrite: bool) -> None:
    """Write the page and, beside it, its JSON; raises `OutputError` if either cannot be written."""
    data = json.dumps(found.report, indent=2, allow_nan=False) + "\n"
    with replacing(page, overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")
    with replacing(page.with_suffix(".json"), overwrite) as temporary:
        temporary.write_text(data, encoding="utf-8")


def _ran(opened: OpenNetwork, x: Input) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    if opened.graph is not None:
        return _graph(opened.graph, opened, x)
    network, payload = opened.network, opened.payload(x)
    found = [np.empty((payload.shape[1], layer.units)) for layer in network.layers]
    for block in blocks(network, payload):
        for trace, fired in zip(found, block.spikes, strict=True):
            trace[block.frames] = fired.T
    names = {INPUT: "input", **{i: layer.name for i, layer in enumerate(network.layers)}}
    nodes = [_node("input", "Input", (network.inputs,), [], [], payload.T)]
    for layer, trace in zip(network.layers, found, strict=True):
        late = [layer.name] if any(c.source == SELF for c in layer.connections) else []
        sources = [names[c.source] for c in layer.connections if c.source != SELF] + late
        kind = type(layer.neuron).__name__
        nodes.append(_node(layer.name, kind, (layer.units,), sources, late, trace))
    traces: dict[str, Array] = {"input": payload.T}
    traces |= {node["name"]: trace for node, trace in zip(nodes[1:], found, strict=True)}
    return nodes, traces


def _graph(
    graph: Graph, opened: OpenNetwork, x: Input
) -> tuple[list[dict[str, Any]], dict[str, Array]]:
    values = graph_values(graph, x, opened.dt, opened.dialect)
    spiking = {s.name for s in graph.stages if isinstance(s.node, SPIKING)}
    watched = spiking | {stage.name for stage in graph.inputs}
    nodes = [
        _node(
            row["node"],
            row["kind"],
            tuple(row["gives"]),
            row["sources"],
            row["late"],
            values[row["node"]] if row["node"] in watched else None,
        )
        | {"synapses": row["synapses"], "zeros": row["zeros"], "parameters": row["parameters"]}
        for row in summary(graph)
    ]
    traces = {
        stage.name: values[stage.name].reshape(-1, prod(stage.shape))
        for stage in graph.stages
        if stage.name in watched
    }
    return nodes, traces


def _node(
    name: str,
    kind: str,
    shape: tuple[int, ...],
    sources: list[str],
    late: list[str],
    values: Array | None,
) -> dict[str, Any]:
    """Describe a node: `rate` is the share of non-zero values, `silent` the units without any."""
    fires = None if values is None else values.reshape(len(values), -1) != 0
    return {
        "name": name,
        "kind": kind,
        "shape": list(shape),
        "units": prod(shape),
        "sources": sources,
        "late": late,
        "spikes": None if values is None else float(np.abs(values).sum()),
        "rate": None if fires is None else float(fires.mean()),
        "silent": None if fires is None else int((~fires.any(axis=0)).sum()),
        "synapses": None,
        "zeros": None,
        "parameters": None,
    }


def _agreement(
    path: Path,
    rounded: OpenNetwork,
    x: Input,
    pythons: Mapping[str, str],
    stage: Stage,
) -> dict[str, Any]:
    if rounded.graph is not None and rounded.file is None:
        return certify_graph(path, rounded, x, pythons, stage).as_json()
    keys = {"name": "backend", "spikes": "spikes", "differ": "from_nir", "wrong": "from_integer"}
    found: list[dict[str, Any]] = []
    for name in suitable(rounded):
        try:
            rows = agreement(rounded, x, (name,), stage)
            found += [{key: row[own] for key, own in keys.items()} | {"note": ""} for row in rows]
        except (GraphError, MissingPackageError, SimulationError) as error:
            found.append(dict.fromkeys(keys) | {"name": name, "note": str(error)})
    return {"readings": [], "back_ends": found}


def _fit(rounded: OpenNetwork, chip: str, x: Input, reason: str | None) -> dict[str, Any]:
    title = load_chip(chip).title
    try:
        return {"title": title, "refused": reason} | ({} if reason else rounded.fit(chip, x))
    except (GraphError, ChipError) as error:
        return {"title": title, "refused": str(error)}


def _energy(opened: OpenNetwork, rounded: OpenNetwork, x: Input) -> dict[str, Any]:
    try:
        return {"refused": None} | (rounded if rounded.integers is not None else opened).energy(x)
    except GraphError as error:
        return {"refused": str(error)}


def _hash(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
