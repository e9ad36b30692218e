"""Any NIR graph's certificate: how each framework reads it, and which facts make the difference."""

import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from export.importers import NEEDED, is_installed, run_importer
from neuromorphic import simulate as back_ends
from neuromorphic.graphs.dialects import Dialect, written
from neuromorphic.graphs.dialects import dialect as dialect_of
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.neurons import SPIKING
from neuromorphic.graphs.run import Input, by_unit, given_out, graph_values, steps_of
from neuromorphic.opening import OpenNetwork
from runtime.errors import GraphError, MissingPackageError, SimulationError
from runtime.kinds import Progress

Array = npt.NDArray[Any]
Values = Mapping[str, Array]
Stage = Callable[[str], AbstractContextManager[Progress]]

# How each framework runs what it imports, which may differ from how it runs its own networks.
READERS = {
    "nir": "nir",
    "snntorch": "snntorch,reset=zero",
    "norse": "norse",
    "sinabs": "sinabs,floor",
    "spikingjelly": "spikingjelly",
    "rockpool": "rockpool",
    "lava": "lava",
}
ASKED = ("nir", "norse", "lava")  # these take the step that they are told; others have their own
STEP = "step"
REFERENCE = "reference"
CHIP = ("integer", "lava", "netx")  # back ends that compute in a chip's integers


@dataclass(frozen=True)
class Reading:
    """What one reader makes of the graph, compared with the reference.

    `spikes` and `differ` count the outputs of our executor in the reader's dialect: all, and those
    that are not the reference's. `node` and `step` are the first node in the order of the flow that
    differs, and its first step; `facts` of the dialect explain it: changed in the reference, they
    make it equal. `importer_wrong` outputs of the framework itself, in `versions`, are not as its
    dialect says; None if it did not run, and `note` says why.
    """

    name: str
    dialect: str
    dt: float
    spikes: int | None = None
    differ: int | None = None
    node: str | None = None
    step: int | None = None
    facts: tuple[str, ...] = ()
    importer_wrong: int | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class BackEnd:
    """A back end's outputs: `differ` from the reference, and `wrong` from our integer executor.

    `layer` is the first one whose spikes rounding to a chip's integers changed, and `step` the
    first step in which the output differs.
    """

    name: str
    spikes: int | None = None
    differ: int | None = None
    wrong: int | None = None
    layer: str | None = None
    step: int | None = None
    note: str = ""


@dataclass(frozen=True)
class GraphCertificate:
    """All readers and back ends of one graph on one input.

    `entries` outputs are compared. `pairs` are the numbers of outputs in which two readers differ.
    """

    reference: str
    dt: float
    steps: int
    entries: int
    spikes: int
    readings: tuple[Reading, ...]
    back_ends: tuple[BackEnd, ...]
    pairs: tuple[tuple[str, str, int], ...]

    @property
    def agrees(self) -> bool:
        """Whether nothing differs from the reference, and no importer from its dialect."""
        return not (
            any(row.differ or row.importer_wrong for row in self.readings)
            or any(row.differ or row.wrong for row in self.back_ends)
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {"agrees": self.agrees, **asdict(self)}


def certify_graph(
    path: Path,
    opened: OpenNetwork,
    x: Input,
    pythons: Mapping[str, str],
    stage: Stage,
) -> GraphCertificate:
    """Run a NIR file on `x (T, ...)` as every framework reads it, and on every back end.

    With several Inputs, `x` maps each one's name to an array; several Outputs are compared one
    after the other.
    The reference is `opened`, in its dialect and step. Each importer that is installed, here or in
    one of the `pythons` by its name, runs the file itself; for all of them our executor runs it in
    their dialect. Raises `GraphError` for a graph that cannot be run on `x`.
    """
    graph = opened.graph
    assert graph is not None
    right = graph_values(graph, x, opened.dt, opened.dialect)
    alone = _alone(graph, x)
    found: dict[str, Values] = {REFERENCE: right}
    readings = []
    for name, said in READERS.items():
        spoken = dialect_of(said)
        dt = opened.dt if name in ASKED else spoken.step
        with stage(name) as progress:
            row = Reading(name, said, dt)
            try:
                found[name] = graph_values(graph, x, dt, spoken)
                row = _read(row, graph, x, opened, found[name], right)
            except GraphError as error:
                row = replace(row, note=str(error))
            if name in NEEDED:
                out = given_out(graph, found[name]) if name in found else None
                row = _imported(row, path, alone, out, pythons.get(name), progress)
        readings.append(row)
    outs = {name: given_out(graph, values) for name, values in found.items()}
    return GraphCertificate(
        reference=written(opened.dialect),
        dt=opened.dt,
        steps=steps_of(x),
        entries=outs[REFERENCE].size,
        spikes=int(outs[REFERENCE].sum()),
        readings=tuple(readings),
        back_ends=tuple(_back_ends(opened, x, stage)),
        pairs=tuple(
            (one, other, _differing(outs[one], outs[other])) for one, other in combinations(outs, 2)
        ),
    )


def _alone(graph: Graph, x: Input) -> Array | None:
    """Return the input of a graph with one Input and one Output; None for another."""
    if len(graph.inputs) > 1 or len(graph.outputs) > 1:
        return None
    return np.asarray(next(iter(x.values())) if isinstance(x, Mapping) else x)


def _read(
    row: Reading,
    graph: Graph,
    x: Input,
    opened: OpenNetwork,
    values: Values,
    right: Values,
) -> Reading:
    node, step = _first(graph, values, right)
    out = given_out(graph, values)
    differ = _differing(out, given_out(graph, right))
    return replace(
        row,
        spikes=int(out.sum()),
        differ=differ,
        node=node if differ else None,
        step=step if differ else None,
        facts=_facts(graph, x, opened, row, out) if differ else (),
    )


def _first(graph: Graph, values: Values, right: Values) -> tuple[str | None, int | None]:
    """Return the first spiking node that differs, or the first node of all, and its first step."""
    stages = [stage for stage in graph.stages if isinstance(stage.node, SPIKING)]
    for stage in (*stages, *graph.outputs):
        wrong = by_unit(values[stage.name] != right[stage.name]).any(axis=0)
        if wrong.any():
            return stage.name, int(wrong.argmax())
    return None, None


def _facts(
    graph: Graph, x: Input, opened: OpenNetwork, row: Reading, out: Array
) -> tuple[str, ...]:
    """Return the fewest facts, as far as dropping them one by one tells, that explain a reading."""
    theirs = {**_facts_of(dialect_of(row.dialect)), STEP: row.dt}
    ours = {**_facts_of(opened.dialect), STEP: opened.dt}
    needed = {fact: value for fact, value in theirs.items() if value != ours[fact]}
    for fact in list(needed):
        fewer = {name: value for name, value in needed.items() if name != fact}
        try:
            tried = given_out(graph, _run(graph, x, opened, fewer))
        except GraphError:
            continue
        if np.array_equal(tried, out):
            needed = fewer
    return tuple(_fact(name, value, ours[name]) for name, value in needed.items())


def _run(graph: Graph, x: Input, opened: OpenNetwork, facts: Mapping[str, Any]) -> Values:
    changed = {name: value for name, value in facts.items() if name != STEP}
    dt = facts.get(STEP, opened.dt)
    return graph_values(graph, x, dt, replace(opened.dialect, **changed))


def _facts_of(spoken: Dialect) -> dict[str, Any]:
    return {f.name: getattr(spoken, f.name) for f in fields(spoken) if f.name not in ("name", STEP)}


def _fact(name: str, theirs: Any, ours: Any) -> str:
    return f"{name} {_word(theirs)} instead of {_word(ours)}"


def _word(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g} s" if isinstance(value, float) else str(value)


def _imported(
    row: Reading,
    path: Path,
    x: Array | None,
    out: Array | None,
    python: str | None,
    progress: Progress,
) -> Reading:
    """Run the framework itself, and compare it with our executor in its dialect."""
    if python is None and not is_installed(row.name):
        return replace(row, note=row.note or "not installed; as our executor reads it")
    if out is None:
        return row
    if x is None:
        return replace(row, note="not run: importers get graphs with one Input and one Output")
    try:
        spikes, versions = run_importer(
            row.name, path, x, len(out), python or sys.executable, row.dt, progress
        )
    except SimulationError as error:
        return replace(row, note=f"its importer refuses it: {error}")
    wrong = _differing(spikes, out)
    note = "its importer does not do what its dialect says" if wrong else ""
    return replace(row, importer_wrong=wrong, versions=versions, note=note)


def _back_ends(opened: OpenNetwork, x: Input, stage: Stage) -> list[BackEnd]:
    try:
        with stage("quantise"):
            rounded = opened.quantise(x)
    except GraphError as error:
        return [BackEnd(name, note=str(error)) for name in CHIP]
    flipped = [] if rounded.rounding is None else [r for r in rounded.rounding.layers if r.flips]
    layer, rows, integers = flipped[0].name if flipped else None, [], None
    expected = back_ends.spikes(rounded, x, "nir")
    reason = "rounding to a chip's integers"
    if rounded.rounding is not None and rounded.rounding.remark is not None:
        reason += f"; {rounded.rounding.remark}"
    for name in CHIP:
        try:
            with stage(name) as progress:
                bits = back_ends.spikes(rounded, x, name, progress)  # type: ignore[arg-type]
        except (GraphError, MissingPackageError, SimulationError) as error:
            rows.append(BackEnd(name, note=str(error)))
            continue
        integers = bits if name == CHIP[0] else integers
        differ = bits != expected
        rows.append(
            BackEnd(
                name,
                spikes=int(bits.sum()),
                differ=int(differ.sum()),
                wrong=None if integers is None else int((bits != integers).sum()),
                layer=layer if differ.any() else None,
                step=int(differ.any(axis=0).argmax()) if differ.any() else None,
                note=reason if differ.any() else "",
            )
        )
    return rows


def _differing(one: Array, other: Array) -> int:
    return int(np.count_nonzero(one != other))
