"""Convert memoryless layers to a NIR graph, in the two forms that other tools need, and back.

One layer is the chain Input -> Affine -> Threshold (or LIF) -> Output. With several, a layer is the
neuron and an Affine before it, and a Linear from each further source.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs import STEP
from neuromorphic.graphs.graph import Graph, Stage
from neuromorphic.integers.exact import Arm, ExactLayer
from neuromorphic.integers.layer import PAYLOAD_MAX
from neuromorphic.integers.network import INPUT
from runtime.errors import GraphError

# SpikingJelly requires tau to exceed the step, even after rounding to float32; it does so by this.
# It keeps v * 2^-22 of the last step; float32 arithmetic adds at most 2^-23 near the threshold.
LEAK = 2.0**-22
RESIDUE = LEAK + 2.0**-23

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Form:
    """How to write a layer: each unit scaled by `scale (N,)`, its `bias (N,)`, the `unit` node."""

    scale: Array
    bias: Array
    unit: nir.NIRNode


def exact_graph(layers: Sequence[ExactLayer]) -> nir.NIRGraph:
    """Return a graph with Affine and Threshold for each layer, which is exactly its definition.

    Weights `(N, M) float64` and the Affine's `bias = layer.offset (N,) float64` hold integers and
    half-integers; Threshold is 0 with NIR's strict `>`. The metadata holds what only `layers_of`
    needs, and a simulation does not: the Affine's `shift`, the `exponent` of a Linear.
    """

    def form(layer: ExactLayer) -> Form:
        units = len(layer.bias)
        return Form(np.ones(units), layer.offset, nir.Threshold(np.zeros(units)))

    return _graph(layers, form, "threshold", np.float64)


def portable_graph(layers: Sequence[ExactLayer]) -> nir.NIRGraph:
    """Return a graph with Affine and LIF for each layer: the same spikes without Threshold.

    Importers drop or refuse `nir.Threshold`, but all read a LIF, and with `tau` = one step it keeps
    nothing from the previous step. `r` = `v_threshold` = 1, `v_leak` = `v_reset` = 0,
    `tau (N,) float64` in s. Each unit is scaled by a power of two so that `0 < v < 2`, since some
    importers would give two spikes in a step above that. Weight and bias are exact in float32.
    Simulate it with `dt` = 1e-4 s. Raises `GraphError` when half an integer step, scaled, does not
    exceed what the last step and float32 rounding leave in `v`, since equal bits could then not be
    guaranteed.
    """

    def form(layer: ExactLayer) -> Form:
        scale = portable_scale(layer)
        worst = int(np.argmin(scale))
        if scale[worst] / 2 <= RESIDUE:
            raise GraphError(
                f"layer {layer.name!r} unit {worst} reaches {_reach(layer)[worst]:g}; a portable "
                f"graph is exact below {2.0**20:g} only; use smaller weights or the exact graph"
            )
        return Form(scale, layer.offset * scale + 1, _memoryless_lif(len(layer.bias)))

    return _graph(layers, form, "lif", np.float32)


def portable_scale(layer: ExactLayer) -> Array:
    """Return the power of two by which each unit is scaled in `portable_graph`, `(N,) float64`."""
    return 2.0 ** -np.frexp(_reach(layer))[1].astype(np.float64)


def layers_of(graph: Graph) -> tuple[ExactLayer, ...]:
    """Return the layers from which `exact_graph` or `portable_graph` made a graph.

    Raises `GraphError` when the graph has another form, or its values are not on the integer grid.
    """
    first, *stages, last = graph.stages
    numbers, found = {first.name: INPUT}, list[ExactLayer]()
    feeds: dict[str, Stage] = {}
    for stage in stages:
        if isinstance(stage.node, nir.Affine | nir.Linear):
            feeds[stage.name] = stage
            continue
        name = stage.name.rpartition("_")[0] or "bottleneck"
        found.append(_layer_of(name, stage, [feeds.pop(s, None) for s in stage.sources], numbers))
        numbers[stage.name] = len(found) - 1
    if feeds or not found or [numbers.get(source) for source in last.sources] != [len(found) - 1]:
        kinds = " -> ".join(stage.kind for stage in graph.stages)
        raise GraphError(
            f"graph is {kinds}; layers are Affine -> Threshold (or LIF), the last one's the output"
        )
    return tuple(found)


def _graph(
    layers: Sequence[ExactLayer], form: Callable[[ExactLayer], Form], unit: str, dtype: type
) -> nir.NIRGraph:
    nodes: dict[str, nir.NIRNode] = {"input": nir.Input({"input": np.array([_inputs(layers)])})}
    edges: list[tuple[str, str]] = []
    outs = {INPUT: "input"}
    for number, layer in enumerate(layers):
        made = form(layer)
        prefix = f"{layer.name}_" if len(layers) > 1 else ""
        scale = {} if unit == "threshold" else {"scale": made.scale}
        outs[number] = f"{prefix}{unit}"
        for index, arm in enumerate(layer.arms):
            weight: npt.NDArray[Any] = (layer.weights(arm) * made.scale[:, None]).astype(dtype)
            if index:
                name = f"{prefix}from_{outs[arm.source]}"
                nodes[name] = nir.Linear(weight, metadata={"exponent": arm.exponent, **scale})
            else:
                name = f"{prefix}affine"
                metadata = {"shift": layer.shift, **scale}
                if arm.exponent > 0:
                    metadata["exponent"] = arm.exponent
                nodes[name] = nir.Affine(weight, made.bias.astype(dtype), metadata=metadata)
            edges += [(outs[arm.source], name), (name, outs[number])]
        nodes[outs[number]] = made.unit
    nodes["output"] = nir.Output({"output": np.array([len(layers[-1].bias)])})
    return nir.NIRGraph(nodes, [*edges, (outs[len(layers) - 1], "output")])


def _inputs(layers: Sequence[ExactLayer]) -> int:
    arms = (arm for layer in layers for arm in layer.arms)
    return next(int(arm.weight.shape[1]) for arm in arms if arm.source == INPUT)


def _memoryless_lif(units: int) -> nir.LIF:
    one, zero = np.ones(units), np.zeros(units)
    return nir.LIF(tau=one * STEP * (1 + LEAK), r=one, v_leak=zero, v_threshold=one, v_reset=zero)


def _layer_of(
    name: str, unit: Stage, feeds: Sequence[Stage | None], numbers: Mapping[str, int]
) -> ExactLayer:
    """Return the layer of a neuron and the weights that feed it, each from one source."""
    if not isinstance(unit.node, nir.Threshold | nir.LIF) or None in feeds:
        raise GraphError(
            f"node {unit.name!r}: a {unit.kind} with {len(feeds)} sources is not a layer"
        )
    if isinstance(unit.node, nir.LIF):
        _require_memoryless(unit.name, unit.node)
        level = unit.node.v_threshold
    else:
        level = unit.node.threshold
    known = [feed for feed in feeds if feed is not None]
    affines = [feed for feed in known if isinstance(feed.node, nir.Affine)]
    if len(affines) != 1 or any(len(feed.sources) > 1 for feed in known):
        raise GraphError(f"node {unit.name!r}: needs one Affine, and one source for each weight")
    (affine,) = affines
    shift = _shift(affine)
    arms = []
    for feed in (affine, *(f for f in known if f is not affine)):
        scale = _scale(feed)
        negative = feed is affine and numbers[feed.sources[0]] == INPUT
        exponent = -shift if negative else int(feed.node.metadata.get("exponent", 0))
        weight = feed.node.weight / np.reshape(scale, (-1, 1)) / 2.0 ** (exponent + shift)
        arms.append(Arm(numbers[feed.sources[0]], _whole(feed, "weight", weight), exponent))
    bias = ((affine.node.bias - level) / _scale(affine) - 0.5) / 2.0**shift
    return ExactLayer(name, tuple(arms), _whole(affine, "bias", bias))


def _shift(affine: Stage) -> int:
    shift = int(affine.node.metadata.get("shift", 0))
    if not 0 <= shift < 32:
        raise GraphError(
            f"node {affine.name!r}: shift is {shift}; it must be a small number from 0"
        )
    return shift


def _scale(feed: Stage) -> Array:
    scale = np.asarray(feed.node.metadata.get("scale", 1.0), np.float64)
    if scale.shape not in ((), feed.shape) or not (np.isfinite(scale) & (scale > 0)).all():
        raise GraphError(f"node {feed.name!r}: scale must be one positive number per unit")
    return scale


def _whole(feed: Stage, what: str, values: Array) -> npt.NDArray[np.int64]:
    if (values != np.round(values)).any():
        raise GraphError(f"node {feed.name!r}: {what} holds values that are not integers")
    return values.astype(np.int64)


def _reach(layer: ExactLayer) -> Array:
    return layer.bounds(PAYLOAD_MAX) + np.abs(layer.offset)


def _require_memoryless(name: str, lif: nir.LIF) -> None:
    wanted = {"tau": STEP * (1 + LEAK), "r": 1, "v_leak": 0, "v_threshold": 1, "v_reset": 0}
    for field, value in wanted.items():
        # tau may be 2^-16 off: other small remainders work too, but a neuron with memory does not.
        if not np.allclose(getattr(lif, field), value, rtol=2.0**-16, atol=0):
            raise GraphError(f"node {name!r}: {field} is not {value:.7g}; the unit has memory")
