"""A torch or snnTorch network as a NIR graph, which is checked against the network itself."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from numbers import Real
from typing import Any

import nir
import numpy as np
import numpy.typing as npt
import torch
from torch import fx, nn

from export.torch_layers import DROPPED, NORMS, UNITS, WEIGHTS, flatten, folded, node_of, resets
from neuromorphic.graphs import STEP
from neuromorphic.graphs.dialects import HINT, dialect
from neuromorphic.graphs.graph import parse_graph
from neuromorphic.graphs.run import graph_values
from runtime.errors import ExportError, GraphError, one_line

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
CLOSE = 1e-4  # by how much values in float32 and in float64 that are not spikes may differ


def to_nir(module: nn.Module, sample: npt.ArrayLike, dt: float = STEP) -> nir.NIRGraph:
    """Return a torch or snnTorch network as a NIR graph, checked on `sample (T, ...)`.

    `module` computes one step of `dt` s: an `nn.Sequential`, or a module that `torch.fx` can trace,
    of Linear, Conv1d, Conv2d, BatchNorm (folded), AvgPool, LPPool2d with norm_type 1 (the sum),
    Flatten, Dropout (dropped), Leaky, Synaptic, RLeaky and RSynaptic with init_hidden=True. Graph
    and module are both run on the sample, the module in evaluation mode, from rest and in batches
    of one; it is left as it was. The metadata name the dialect in which they agree.

    Raises `ExportError`, naming the layer, for what NIR cannot express, for a module that does not
    run on the sample, and if any spike differs.
    """
    _require(module, dt)
    x = _sample(sample)
    traced = _traced(module)
    with _at_rest(module):
        layers = _layers(traced, x)
    with _at_rest(module):
        output = _output(module, x)
    joined = _Joined(traced, layers, dt)
    hint = {f"{HINT}dialect": joined.dialect, f"{HINT}dt": float(dt)}
    graph = nir.NIRGraph(joined.nodes, joined.edges, hint, type_check=False)
    spikes = {joined.units[node]: np.stack(rows) for node, rows in layers.spikes.items()}
    _check(graph, x.numpy(), dt, joined.dialect, spikes, output)
    return graph


def _require(module: Any, dt: Any) -> None:
    if not isinstance(dt, Real) or not 0 < float(dt) < math.inf:
        raise ExportError(f"dt is {dt!r}; a positive number of seconds is needed")
    if not isinstance(module, nn.Module):
        raise ExportError(f"{module!r} is no torch.nn.Module; give the network itself")
    for name, parameter in module.named_parameters():
        if parameter.dtype != torch.float32:
            raise ExportError(
                f"parameter {name!r} is {parameter.dtype}; give the network in float32, with "
                "module.float()"
            )


def _sample(sample: Any) -> torch.Tensor:
    held = sample.detach().cpu() if isinstance(sample, torch.Tensor) else sample
    given = np.asarray(held)
    most = np.finfo(np.float32).max
    numbers = given.dtype.kind in "biuf" and given.ndim > 1 and given.size
    if not numbers or not (np.abs(given.astype(np.float64)) <= most).all():
        raise ExportError(
            f"sample is {given.shape} {given.dtype}; finite numbers (T, ...) are needed"
        )
    return torch.as_tensor(given.astype(np.float32))


class _Layers(fx.Interpreter):
    """Runs a traced module; remembers shapes without the batch, and what its units put out."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__(traced)
        self.shapes: dict[fx.Node, Shape] = {}
        self.spikes: dict[fx.Node, list[Array]] = {}

    def run_node(self, n: fx.Node) -> Any:
        made = super().run_node(n)
        first = _first(made)
        if isinstance(first, torch.Tensor):
            self.shapes[n] = tuple(first.shape[1:])
            if n.op == "call_module" and isinstance(self.fetch_attr(str(n.target)), UNITS):
                self.spikes.setdefault(n, []).append(first[0].numpy().copy())
        return made


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = isinstance(m, nn.LPPool2d) or type(m).__module__.startswith("snntorch")
        return known or super().is_leaf_module(m, module_qualified_name)


def _traced(module: nn.Module) -> fx.GraphModule:
    whole = nn.Sequential(module) if _Tracer().is_leaf_module(module, "") else module
    try:
        traced = fx.GraphModule(whole, _Tracer().trace(whole))
    except Exception as error:  # a forward may do anything
        raise ExportError(
            f"{type(module).__name__}: torch.fx cannot trace it ({one_line(error)}); its forward "
            "must compute one step of one input, without conditions on values"
        ) from error
    called = [str(node.target) for node in traced.graph.nodes if node.op == "call_module"]
    for path in called:
        if called.count(path) > 1:
            raise ExportError(
                f"node {_name(path)!r}: is called several times; forward must compute one step"
            )
    return traced


def _name(path: str) -> str:
    return path.replace(".", "_")  # nirtorch makes layers of these names, which have no dots


@contextmanager
def _at_rest(module: nn.Module) -> Iterator[None]:
    """Put a module in evaluation mode, with its units at rest, and back as it was."""
    modes = {part: part.training for part in module.modules()}
    states = [
        (unit, name, getattr(unit, name))
        for unit in module.modules()
        if isinstance(unit, UNITS)
        for name in ("mem", "syn", "spk")
        if hasattr(unit, name)
    ]
    try:
        module.eval()
        for unit, name, state in states:
            setattr(unit, name, torch.zeros(0, device=state.device))
        with torch.no_grad():
            yield
    finally:
        for unit, name, state in states:
            setattr(unit, name, state)
        for part, mode in modes.items():
            part.training = mode


def _layers(traced: fx.GraphModule, x: torch.Tensor) -> _Layers:
    watched = _Layers(traced)
    try:
        for row in x:
            watched.run(row[None])
    except Exception as error:  # of torch, of snnTorch, or of the module's own code
        raise _stuck(traced, x, error) from error
    return watched


def _output(module: nn.Module, x: torch.Tensor) -> Array:
    try:
        return np.stack([_first(module(row[None]))[0].numpy() for row in x])
    except Exception as error:
        raise _stuck(module, x, error) from error


def _stuck(module: nn.Module, x: torch.Tensor, error: Exception) -> ExportError:
    return ExportError(
        f"{type(module).__name__}: does not run on a batch of one step, {(1, *x.shape[1:])} "
        f"({one_line(error)}); units need init_hidden=True"
    )


def _first(made: Any) -> Any:
    return made[0] if isinstance(made, tuple) else made


class _Joined:
    """The nodes and edges of a traced module; each value in it is the sum of some nodes."""

    def __init__(self, traced: fx.GraphModule, layers: _Layers, dt: float) -> None:
        self.nodes: dict[str, nir.NIRNode] = {}
        self.edges: list[tuple[str, str]] = []
        self.units: dict[fx.Node, str] = {}
        self._resets: dict[str, str] = {}
        self._parts, self._shapes, self._dt = dict(traced.named_modules()), layers.shapes, dt
        self._sums: dict[fx.Node, tuple[str, ...]] = {}
        for node in traced.graph.nodes:
            if node.users or node.op == "output":  # others change nothing
                self._sums[node] = self._sum(node)

    @property
    def dialect(self) -> str:
        """The dialect that runs the graph as snnTorch runs the module."""
        by = {how: name for name, how in self._resets.items()}
        if len(by) > 1:
            raise ExportError(
                f"node {by['zero']!r}: resets to zero, and {by['subtract']!r} by subtraction; a "
                "NIR file is in one dialect"
            )
        return "snntorch,reset=zero" if "zero" in by else "snntorch"

    def _sum(self, node: fx.Node) -> tuple[str, ...]:
        """Add what a value needs, and return the nodes whose sum it is."""
        given = [self._sums[one] for one in node.all_input_nodes]
        match node.op:
            case "placeholder":
                if self.nodes:
                    raise ExportError(f"input {node.target!r}: forward must take one input alone")
                shape = np.array(self._shapes[node])
                return self._added("input", nir.Input({"input": shape}), ())
            case "output":
                shape = np.array(self._shapes[node])
                return self._added("output", nir.Output({"output": shape}), given[0])
            case "call_module":
                return self._layer(str(node.target), node, given)
        return self._function(node, given)

    def _function(self, node: fx.Node, given: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        said = getattr(node.target, "__name__", str(node.target))
        if said in ("add", "iadd") and len(given) == 2 and not set(given[0]) & set(given[1]):
            return (*given[0], *given[1])
        if said == "getitem" and node.args[1] == 0:
            return given[0]  # the spikes of a unit that returns its state too
        if said == "dropout":
            return given[0]
        if said == "flatten":
            said_dims = dict(zip(("start_dim", "end_dim"), node.args[1:], strict=False))
            dims: Any = {"start_dim": 0, "end_dim": -1} | said_dims | node.kwargs
            shape = self._shapes[node.all_input_nodes[0]]
            made = flatten(node.name, shape, dims["start_dim"], dims["end_dim"])
            return self._added(node.name, made, given[0])
        raise ExportError(f"node {node.name!r}: {said} has no NIR node here; use a layer instead")

    def _layer(self, path: str, node: fx.Node, given: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        name, layer = _name(path), self._parts[path]
        if len(given) != 1:
            raise ExportError(f"node {name!r}: is given {len(given)} values; it must take one")
        (before,), (sources,) = node.all_input_nodes, given
        if isinstance(layer, DROPPED):
            return sources
        if isinstance(layer, NORMS):
            weights = isinstance(self._parts.get(str(before.target)), WEIGHTS)
            if not weights or len(before.users) > 1:
                raise ExportError(
                    f"node {name!r}: {type(layer).__name__} can be folded only into a Linear or "
                    "convolution before it that leads nowhere else"
                )
            self.nodes[sources[0]] = folded(name, layer, self.nodes[sources[0]])
            return sources
        made = self._added(name, node_of(name, layer, self._shapes[before], self._dt), sources)
        if isinstance(layer, UNITS):
            self._resets[name] = resets(name, layer)
            nested = isinstance(self.nodes[made[0]], nir.NIRGraph)
            self.units[node] = f"{made[0]}.lif" if nested else made[0]
        return made

    def _added(self, name: str, node: nir.NIRNode, sources: Sequence[str]) -> tuple[str, ...]:
        while name in self.nodes or (name == "output") != isinstance(node, nir.Output):
            name += "_"
        self.nodes[name] = node
        self.edges += [(source, name) for source in sources]
        return (name,)


def _check(
    graph: nir.NIRGraph,
    x: Array,
    dt: float,
    spoken: str,
    spikes: Mapping[str, Array],
    output: Array,
) -> None:
    """Raise `ExportError` if the graph does not give what the module gave."""
    try:
        values = graph_values(parse_graph(graph), x, dt, dialect(spoken))
    except GraphError as error:
        raise ExportError(str(error)) from error
    for name, theirs in spikes.items():
        wrong = np.argwhere(values[name] != theirs)
        if len(wrong):
            step, *unit = wrong[0].tolist()
            raise ExportError(
                f"node {name!r}: {len(wrong)} of {theirs.size} spikes differ from the module's, "
                f"first in step {step}, unit {unit}: nothing is exported. Torch computes in "
                "float32: a voltage near its threshold may go either way"
            )
    if not np.allclose(values["output"], output, rtol=CLOSE, atol=CLOSE):
        most = np.abs(values["output"] - output).max()
        raise ExportError(
            f"node 'output': differs from the module's by up to {most:g}: nothing is exported"
        )
