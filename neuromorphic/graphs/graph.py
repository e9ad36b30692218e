"""A graph: checked stages in the order of the flow. Other modules need not check it again."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import nir
import numpy as np

from neuromorphic.graphs.nesting import Flat, flattened
from neuromorphic.graphs.order import Order, flow
from neuromorphic.graphs.shapes import CONVOLUTIONS, Shape, declared_shape, output_shape
from runtime.errors import GraphError

# The arrays of each supported kind of node.
FIELDS: dict[str, tuple[str, ...]] = {
    "Input": (),
    "Output": (),
    "Affine": ("weight", "bias"),
    "Linear": ("weight",),
    "Conv1d": ("weight", "bias"),
    "Conv2d": ("weight", "bias"),
    "SumPool2d": (),
    "AvgPool2d": (),
    "Flatten": (),
    "Scale": ("scale",),
    "Delay": ("delay",),
    "Threshold": ("threshold",),
    "I": ("r",),
    "LI": ("tau", "r", "v_leak"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    "IF": ("r", "v_threshold", "v_reset"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
}
# A cycle needs one of these: nodes that put out a state or spikes rather than their input.
UNITS = (nir.Threshold, nir.I, nir.LI, nir.CubaLI, nir.IF, nir.LIF, nir.CubaLIF)


@dataclass(frozen=True, eq=False)
class Stage:
    """One node in the order of the flow; its input is the sum of the outputs of its `sources`.

    The sources in `late` close a cycle: their output of the step before is used, 0 in the first
    step. `node` is the nir node with its arrays in float64; `given` and `shape` are the shapes of
    its input and output in one time step; an Input is given `()`.
    """

    name: str
    node: nir.NIRNode
    sources: tuple[str, ...]
    given: Shape
    shape: Shape
    late: frozenset[str] = frozenset()

    @property
    def kind(self) -> str:
        """NIR's name for this kind of node."""
        return type(self.node).__name__


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph that can be run: its stages, each after all that feed it in the same step.

    `groups` are the stages, with those of a cycle together; `notes` say what was read differently
    from what the file says; `metadata` is that of the file.
    """

    groups: tuple[tuple[Stage, ...], ...]
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[Stage, ...]:
        """All stages in the order of the flow."""
        return tuple(stage for group in self.groups for stage in group)

    @property
    def inputs(self) -> tuple[Stage, ...]:
        """The Input stages."""
        return tuple(stage for stage in self.stages if isinstance(stage.node, nir.Input))

    @property
    def outputs(self) -> tuple[Stage, ...]:
        """The Output stages."""
        return tuple(stage for stage in self.stages if isinstance(stage.node, nir.Output))

    @property
    def input_shape(self) -> Shape:
        """The shape of the input in one step; raises `GraphError` if there are several Inputs."""
        return only("Input", self.inputs).shape


def only(kind: str, stages: tuple[Stage, ...]) -> Stage:
    """Return the only Input or Output; raises `GraphError` if there are several."""
    if len(stages) != 1:
        listed = ", ".join(repr(stage.name) for stage in stages)
        raise GraphError(f"graph has {len(stages)} {kind} nodes, {listed}; one is taken here")
    return stages[0]


def require_known(kinds: Iterable[tuple[str, str]]) -> None:
    """Raise `GraphError` for the first of the `(node, kind)` pairs that cannot be run."""
    for name, kind in kinds:
        if kind not in FIELDS:
            raise GraphError(f"node {name!r}: {kind} is not supported; use {', '.join(FIELDS)}")


def parse_graph(graph: nir.NIRGraph) -> Graph:
    """Check a nir graph and return it as a `Graph`; nir accepts many that cannot be run.

    Nested graphs are flattened, see `nesting`; a single number is used for a whole shape. If a
    declared shape does not fit what follows, its leading dimensions (a batch, or time) are dropped,
    with a note. Raises `GraphError`, naming the node, when a kind is unknown, the wiring has no
    order (see `order.flow`), a shape does not fit, a value is not finite, a time constant is not
    positive or a delay is negative.
    """
    flat = flattened(graph)
    require_known((name, type(node).__name__) for name, node in flat.nodes.items())
    nodes = {name: _in_float64(name, node) for name, node in flat.nodes.items()}
    order = flow(nodes, flat.edges, [name for name in nodes if isinstance(nodes[name], UNITS)])
    entries = {
        name: declared_shape(name, node.input_type["input"])
        for name, node in nodes.items()
        if isinstance(node, nir.Input)
    }
    for name in entries:
        if order.sources[name]:
            raise GraphError(f"node {name!r}: is an Input; no edge may lead to it")
    stages, dropped = _fitted(nodes, order, entries)
    groups = tuple(tuple(stages[name] for name in group) for group in order.groups)
    notes = (*flat.notes, *_noted(flat, stages, dropped))
    return Graph(groups, notes, dict(graph.metadata or {}))


def _fitted(
    nodes: Mapping[str, nir.NIRNode], order: Order, entries: Mapping[str, Shape]
) -> tuple[dict[str, Stage], list[str]]:
    """Return the stages, dropping the fewest leading dimensions of the Inputs that make it fit."""
    wrong: GraphError | None = None
    for extra in range(max(map(len, entries.values()))):
        shapes = {name: shape[min(extra, len(shape) - 1) :] for name, shape in entries.items()}
        try:
            stages = _stages(nodes, order, shapes)
        except GraphError as error:
            wrong = wrong or error
            continue
        return stages, [
            f"node {name!r}: declares {entries[name]}; {shape} fits what follows, and what is "
            "before it is taken for a batch or time and dropped"
            for name, shape in shapes.items()
            if shape != entries[name]
        ]
    assert wrong is not None
    raise wrong


def _stages(
    nodes: Mapping[str, nir.NIRNode], order: Order, entries: Mapping[str, Shape]
) -> dict[str, Stage]:
    shapes: dict[str, Shape] = {}
    stages: dict[str, Stage] = {}
    for group in order.groups:
        for name in group:
            late = frozenset(s for s in order.sources[name] if (s, name) in order.late)
            node, sources = nodes[name], order.sources[name]
            for source in late - shapes.keys():
                shapes[source] = _guessed(source, nodes[source], shapes, order)
            given = _given(name, {source: shapes[source] for source in sources})
            shape = entries[name] if not sources else output_shape(name, node, given)
            if shape != shapes.setdefault(name, shape):
                raise GraphError(f"node {name!r}: puts out {shape}, and {shapes[name]} is expected")
            stages[name] = Stage(name, _broadcast(name, node, shape), sources, given, shape, late)
    for name, stage in stages.items():
        if isinstance(stage.node, nir.Output):
            declared = declared_shape(name, stage.node.output_type["output"])
            if declared[-len(stage.shape) :] != stage.shape:
                raise GraphError(f"node {name!r}: takes {declared}, gets {stage.shape}")
    return stages


def _guessed(name: str, node: nir.NIRNode, shapes: Mapping[str, Shape], order: Order) -> Shape:
    """Return the shape of a unit that closes a cycle, before the shape of its input is known."""
    own = [array.shape for array in (getattr(node, f) for f in _fields(node)) if array.size > 1]
    known = own or [shapes[source] for source in order.sources[name] if source in shapes]
    if not known:
        raise GraphError(f"node {name!r}: closes a cycle, and nothing says what shape it has")
    return known[0]


def _given(name: str, shapes: Mapping[str, Shape]) -> Shape:
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{shape} from {source!r}" for source, shape in shapes.items())
        raise GraphError(f"node {name!r}: cannot sum {listed}")
    return next(iter(shapes.values()), ())


def _fields(node: nir.NIRNode) -> tuple[str, ...]:
    return FIELDS[type(node).__name__]


def _in_float64(name: str, node: nir.NIRNode) -> nir.NIRNode:
    made = copy.copy(node)  # nir's constructors compute shapes, which may fail
    for field_name in _fields(node):
        array = np.asarray(getattr(node, field_name))
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise GraphError(
                f"node {name!r}: {field_name} holds values that are not finite numbers"
            )
        if field_name.startswith("tau") and (array <= 0).any():
            raise GraphError(
                f"node {name!r}: {field_name} is {array.min():g} s; it must be positive"
            )
        if field_name == "delay" and (array < 0).any():
            raise GraphError(f"node {name!r}: delay is {array.min():g} s; it looks into the future")
        setattr(made, field_name, array.astype(np.float64))
    return made


def _broadcast(name: str, node: nir.NIRNode, shape: Shape) -> nir.NIRNode:
    made = copy.copy(node)
    wanted = shape[:1] if isinstance(node, CONVOLUTIONS) else shape  # one bias a channel
    for field_name in _fields(node):
        array = getattr(node, field_name)
        if field_name == "weight":
            continue
        if array.size == 1:
            array = np.full(wanted, array.item())
        if array.shape != wanted:
            raise GraphError(f"node {name!r}: {field_name} is {array.shape}; {wanted} is needed")
        setattr(made, field_name, array)
    return made


def _noted(flat: Flat, stages: Mapping[str, Stage], dropped: list[str]) -> Iterable[str]:
    yield from dropped
    for stage in stages.values():
        twice = {source for source in stage.sources if stage.sources.count(source) > 1}
        for source in sorted(twice):
            yield f"edge {source!r} -> {stage.name!r}: is there twice and counts twice"
        declared = _declared(stage)
        if declared is not None and declared != stage.given:
            yield f"node {stage.name!r}: declares {declared}; {stage.given} flows"
    for name, (declared, feeding) in flat.inner.items():
        given = {stages[source].shape for source in feeding if source in stages}
        if given and given != {declared}:
            yield f"node {name!r}: declares {declared}; {given.pop()} flows"


def _declared(stage: Stage) -> Shape | None:
    node = stage.node
    if isinstance(node, nir.Output):
        return declared_shape(stage.name, node.output_type["output"])
    if isinstance(node, nir.Flatten) and node.input_type["input"] is not None:
        return declared_shape(stage.name, node.input_type["input"])
    return None
