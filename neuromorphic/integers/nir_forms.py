"""The layer as a NIR graph, in the two forms that other tools need, and back."""

from itertools import pairwise

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs import STEP
from neuromorphic.graphs.graph import Graph
from neuromorphic.integers.layer import IntegerLayer
from runtime.errors import GraphError

# tau is longer than the step by this, for SpikingJelly demands it, even after rounding to float32.
# It leaves v * 2^-22 of the last step; float32 arithmetic adds at most 2^-23 near the threshold.
LEAK = 2.0**-22
RESIDUE = LEAK + 2.0**-23


def exact_graph(layer: IntegerLayer) -> nir.NIRGraph:
    """Return Input, Affine, Threshold, Output: the layer's definition, word for word.

    Affine `weight (N, M) float64` and `bias = layer.bias * 2**shift + 0.5 (N,) float64` hold
    integers and half-integers; Threshold is 0 with NIR's strict `>`; the node's metadata holds
    `shift`, which `layer_of` reads and a simulation does not need.
    """
    affine = nir.Affine(
        weight=layer.weight.astype(np.float64), bias=_bias(layer), metadata={"shift": layer.shift}
    )
    return _graph(layer, affine, "threshold", nir.Threshold(np.zeros(layer.units)))


def portable_graph(layer: IntegerLayer) -> nir.NIRGraph:
    """Return Input, Affine, LIF, Output: the same spikes where Threshold is not understood.

    Importers drop or refuse `nir.Threshold`; all read a LIF, and one with `tau` = one step forgets
    the step before. `r` = `v_threshold` = 1, `v_leak` = `v_reset` = 0, `tau (N,) float64` in s.
    Each unit is scaled by a power of two so that `0 < v < 2` (one spike, never two, for importers
    with several a step). Weight and bias are float32, exactly. Step it with `dt` = 1e-4 s.
    Raises `GraphError` when half a lattice step, scaled, does not exceed what the last step and
    float32 leave in `v`: then equal bits could not be promised.
    """
    bias, scale = _bias(layer), portable_scale(layer)
    worst = int(np.argmin(scale))
    if scale[worst] / 2 <= RESIDUE:
        raise GraphError(
            f"layer unit {worst} reaches {_reach(layer)[worst]:g}; a portable graph is exact below "
            f"{2.0**20:g} only; use smaller weights or the exact graph"
        )
    affine = nir.Affine(
        weight=(layer.weight * scale[:, None]).astype(np.float32),
        bias=(bias * scale + 1).astype(np.float32),
        metadata={"shift": layer.shift, "scale": scale},
    )
    one, zero = np.ones(layer.units), np.zeros(layer.units)
    lif = nir.LIF(tau=one * STEP * (1 + LEAK), r=one, v_leak=zero, v_threshold=one, v_reset=zero)
    return _graph(layer, affine, "lif", lif)


def portable_scale(layer: IntegerLayer) -> npt.NDArray[np.float64]:
    """Return the power of two by which each unit is scaled in `portable_graph`, `(N,) float64`."""
    return 2.0 ** -np.frexp(_reach(layer))[1].astype(np.float64)


def layer_of(graph: Graph) -> IntegerLayer:
    """Return the layer that `exact_graph` or `portable_graph` made.

    Raises `GraphError` when the graph is of another kind, or its values are not on the lattice.
    """
    stages = graph.stages
    names, kinds = [stage.name for stage in stages], [stage.kind for stage in stages]
    chain = all(stage.sources == (before.name,) for before, stage in pairwise(stages))
    if not chain or kinds not in (["Input", "Affine", k, "Output"] for k in ("Threshold", "LIF")):
        raise GraphError(
            f"graph is {' -> '.join(kinds)}; a layer is the chain Input -> Affine -> Threshold "
            "(or LIF) -> Output"
        )
    affine, unit = (stage.node for stage in stages[1:3])
    if isinstance(unit, nir.LIF):
        _require_memoryless(names[2], unit)
    level = unit.threshold if isinstance(unit, nir.Threshold) else unit.v_threshold
    scale = np.asarray(affine.metadata.get("scale", 1.0), np.float64)
    if scale.shape not in ((), affine.bias.shape) or not (np.isfinite(scale) & (scale > 0)).all():
        raise GraphError(f"node {names[1]!r}: scale must be one positive number a unit")
    shift = int(affine.metadata.get("shift", 0))
    if not 0 <= shift < 32:
        raise GraphError(f"node {names[1]!r}: shift is {shift}; it must be 0 or a little more")
    weight = affine.weight / np.reshape(scale, (-1, 1))
    bias = ((affine.bias - level) / scale - 0.5) / 2.0**shift
    return IntegerLayer(weight, bias, shift)


def _reach(layer: IntegerLayer) -> npt.NDArray[np.float64]:
    return layer.sum_bounds() + np.abs(_bias(layer))


def _bias(layer: IntegerLayer) -> npt.NDArray[np.float64]:
    # The half makes every comparison strict on integers: no tie for > and >= to differ on.
    return (layer.bias.astype(np.int64) << layer.shift).astype(np.float64) + 0.5


def _graph(layer: IntegerLayer, affine: nir.Affine, name: str, unit: nir.NIRNode) -> nir.NIRGraph:
    nodes = {
        "input": nir.Input({"input": np.array([layer.inputs])}),
        "affine": affine,
        name: unit,
        "output": nir.Output({"output": np.array([layer.units])}),
    }
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)))


def _require_memoryless(name: str, lif: nir.LIF) -> None:
    wanted = {"tau": STEP * (1 + LEAK), "r": 1, "v_leak": 0, "v_threshold": 1, "v_reset": 0}
    for field, value in wanted.items():
        # tau within 2^-16: other residues would do too, a neuron with memory would not.
        if not np.allclose(getattr(lif, field), value, rtol=2.0**-16, atol=0):
            raise GraphError(f"node {name!r}: {field} is not {value:.7g}; the unit has memory")
