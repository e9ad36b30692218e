"""A graph: stages that were checked once, in the order of the flow. All else takes it as it is."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.order import flow
from neuromorphic.graphs.shapes import Shape, declared_shape, output_shape
from runtime.errors import GraphError

# The arrays of each kind of node that is understood.
FIELDS: dict[str, tuple[str, ...]] = {
    "Input": (),
    "Output": (),
    "Affine": ("weight", "bias"),
    "Linear": ("weight",),
    "Conv1d": ("weight", "bias"),
    "Flatten": (),
    "Scale": ("scale",),
    "Delay": ("delay",),
    "Threshold": ("threshold",),
    "LI": ("tau", "r", "v_leak"),
    "IF": ("r", "v_threshold", "v_reset"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
}


@dataclass(frozen=True, eq=False)
class Stage:
    """One node in the order of the flow: it is given the sum of what its `sources` put out.

    `node` is the nir node with its arrays in float64; `given` and `shape` are what goes in and out
    in one step of time, `()` into the Input.
    """

    name: str
    node: nir.NIRNode
    sources: tuple[str, ...]
    given: Shape
    shape: Shape

    @property
    def kind(self) -> str:
        """The name that NIR has for this kind of node."""
        return type(self.node).__name__


@dataclass(frozen=True, eq=False)
class Graph:
    """A feed-forward graph that can be run: its stages from the Input to the Output."""

    stages: tuple[Stage, ...]

    @property
    def input_shape(self) -> Shape:
        """The shape of what it is given in one step."""
        return self.stages[0].shape


def require_known(kinds: Iterable[tuple[str, str]]) -> None:
    """Raise `GraphError` naming the first of the `(node, kind)` pairs that cannot be run."""
    for name, kind in kinds:
        if kind not in FIELDS:
            raise GraphError(f"node {name!r}: {kind} is not supported; use {', '.join(FIELDS)}")


def parse_graph(graph: nir.NIRGraph) -> Graph:
    """Return what nir holds as a `Graph`; nir accepts much that nobody can run.

    Raises `GraphError`, naming the node, when a kind is unknown, the wiring is not one flow from
    one Input to one Output (see `order.flow`), a shape does not fit, a value is not finite, a time
    constant is not positive or a delay negative.
    """
    require_known((name, type(node).__name__) for name, node in graph.nodes.items())
    stages: dict[str, Stage] = {}
    for name, sources in flow(graph).items():
        node = _in_float64(name, graph.nodes[name])
        given = _given(name, {source: stages[source].shape for source in sources})
        if isinstance(node, nir.Input):
            shape = declared_shape(name, node.input_type["input"])
        else:
            shape = output_shape(name, node, given)
        _check_shapes(name, node, shape)
        stages[name] = Stage(name, node, sources, given, shape)
    return Graph(tuple(stages.values()))


def _given(name: str, shapes: dict[str, Shape]) -> Shape:
    if len(set(shapes.values())) > 1:
        listed = ", ".join(f"{shape} from {source!r}" for source, shape in shapes.items())
        raise GraphError(f"node {name!r}: cannot sum {listed}")
    return next(iter(shapes.values()), ())


def _in_float64(name: str, node: nir.NIRNode) -> nir.NIRNode:
    values: dict[str, npt.NDArray[np.float64]] = {}
    for field in FIELDS[type(node).__name__]:
        array = np.asarray(getattr(node, field))
        if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
            raise GraphError(f"node {name!r}: {field} holds values that are not finite numbers")
        if field.startswith("tau") and (array <= 0).any():
            raise GraphError(f"node {name!r}: {field} is {array.min():g} s; it must be positive")
        if field == "delay" and (array < 0).any():
            raise GraphError(f"node {name!r}: delay is {array.min():g} s; it looks into the future")
        values[field] = array.astype(np.float64)
    return dataclasses.replace(node, **values) if values else node


def _check_shapes(name: str, node: nir.NIRNode, shape: Shape) -> None:
    wanted = shape[:1] if isinstance(node, nir.Conv1d) else shape  # one bias a channel
    for field in FIELDS[type(node).__name__]:
        found = getattr(node, field).shape
        if field != "weight" and found != wanted:
            raise GraphError(f"node {name!r}: {field} is {found}; {wanted} is needed")
