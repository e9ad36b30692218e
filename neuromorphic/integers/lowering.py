"""Lower NIR graphs to layers of leaky units with threshold 1, as Lava and chips compute them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import prod

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.graphs.dialects import LAVA, NIR, Dialect
from neuromorphic.graphs.graph import Graph, Stage, only
from neuromorphic.graphs.run import require_step
from neuromorphic.graphs.synapses import Conv2d, Dense, Synapse, bias_of, scaled, synapse_of
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.network import INPUT, Connection, Layer, Network
from runtime.errors import GraphError

Array = npt.NDArray[np.float64]
ON_CHIPS = (NIR, LAVA)  # dialects
FIRING = (nir.Threshold, nir.IF, nir.LIF, nir.CubaLIF)


@dataclass(frozen=True, eq=False)
class Drive:
    """What an edge carries: the output of synapses on the spikes of layers, plus a constant `(N,)`.

    If a synapse is None, the spikes are passed on unchanged.
    """

    synapses: Mapping[int, Synapse | None]
    constant: Array


def lower(graph: Graph, dt: float, dialect: Dialect = NIR) -> Network[FloatNeuron]:
    """Return a feed-forward graph as a network with steps of `dt` s that spikes as in `run_graph`.

    Affine, Linear, Conv1d, Scale, Flatten and sums between neurons become one synapse from each
    source; Threshold, IF, LIF and CubaLIF become units scaled so that they fire above 1. A constant
    input to the current of a CubaLIF is added to its voltage instead, with the value that it has
    once the current has settled. Raises `GraphError`, naming the node, for LI and Delay, which do
    not spike, for a reset to anything but 0, for a threshold that is not positive, for an Output
    that is not the output of one neuron node, and for what is not yet put on a chip: cycles,
    Conv2d, pools, several Inputs or Outputs, other dialects.
    """
    require_step(graph, dt)
    _require_forward(graph, dialect)
    layers: list[Layer[FloatNeuron]] = []
    drives: dict[str, Drive] = {}
    for stage in graph.stages:
        given = _sum(drives[source] for source in stage.sources)
        if isinstance(stage.node, FIRING):
            layers.append(_layer(stage, given, dt))
            drives[stage.name] = _spikes(len(layers) - 1, stage)
        else:
            drives[stage.name] = _linear(stage, given)
    _require_spikes(stage, drives[stage.name], len(layers) - 1)
    return Network(tuple(layers))


def _linear(stage: Stage, given: Drive) -> Drive:
    node = stage.node
    match node:
        case nir.Input():
            return _spikes(INPUT, stage)
        case nir.Affine() | nir.Linear() | nir.Conv1d():
            return _through(_held(stage), given, np.ravel(bias_of(stage)))
        case nir.Scale():
            factor = np.ravel(node.scale)
            return Drive(_scaled(given, factor), given.constant * factor)
        case nir.Flatten() | nir.Output():
            return given
        case nir.Conv2d() | nir.SumPool2d() | nir.AvgPool2d():
            raise GraphError(f"node {stage.name!r}: {stage.kind} is not yet put on a chip")
    raise GraphError(
        f"node {stage.name!r}: {stage.kind} cannot become units of a chip; only "
        f"{', '.join(kind.__name__ for kind in FIRING)} spike"
    )


def _held(stage: Stage) -> Synapse:
    synapse = synapse_of(stage)
    assert not isinstance(synapse, Conv2d)
    return synapse


def _require_forward(graph: Graph, dialect: Dialect) -> None:
    only("Input", graph.inputs), only("Output", graph.outputs)
    for stage in graph.stages:
        if stage.late:
            raise GraphError(f"node {stage.name!r}: closes a cycle, which is not yet put on a chip")
        if isinstance(stage.node, FIRING) and dialect not in ON_CHIPS:
            raise GraphError(
                f"node {stage.name!r}: is not yet put on a chip in the dialect {dialect.name}; "
                f"only in {', '.join(one.name for one in ON_CHIPS)}"
            )


def _layer(stage: Stage, given: Drive, dt: float) -> Layer[FloatNeuron]:
    du, dv, gain, bias = _dynamics(stage, dt)
    level = _level(stage)
    neuron = FloatNeuron(du, dv, (bias + gain / du * given.constant) / level)
    synapses = _scaled(given, gain / level)
    return Layer(stage.name, tuple(Connection(*pair) for pair in synapses.items()), neuron)


def _dynamics(stage: Stage, dt: float) -> tuple[Array, Array, Array, Array]:
    """Return the decays of current and voltage, the input's gain, and what each step adds."""
    node, one = stage.node, np.ones(prod(stage.shape))
    if isinstance(node, nir.Threshold):
        return one, one, one, 1 - np.ravel(node.threshold)
    r = np.ravel(node.r)
    if isinstance(node, nir.IF):
        return one, 0 * one, dt * r, 0 * one
    dv = dt / np.ravel(node.tau if isinstance(node, nir.LIF) else node.tau_mem)
    leak = dv * np.ravel(node.v_leak)
    if isinstance(node, nir.LIF):
        return one, dv, dv * r, leak
    du = dt / np.ravel(node.tau_syn)
    return du, dv, dv * r * du * np.ravel(node.w_in), leak


def _level(stage: Stage) -> Array:
    """Return the thresholds, by which the units are scaled."""
    node = stage.node
    if isinstance(node, nir.Threshold):
        return np.ones(prod(stage.shape))  # nothing is kept, so the threshold can be moved instead
    if np.any(node.v_reset):
        raise GraphError(f"node {stage.name!r}: v_reset is not 0; chips can reset only to 0")
    level = np.ravel(node.v_threshold)
    if (level <= 0).any():
        raise GraphError(
            f"node {stage.name!r}: v_threshold is {level.min():g}; a positive one is needed"
        )
    return level


def _spikes(source: int, stage: Stage) -> Drive:
    return Drive({source: None}, np.zeros(prod(stage.shape)))


def _sum(drives: Iterable[Drive]) -> Drive:
    total = Drive({}, np.zeros(()))
    for drive in drives:
        synapses = dict(total.synapses)
        width = drive.constant.size
        for source, synapse in drive.synapses.items():
            if source in synapses:
                both = (_matrix(s, width) for s in (synapses[source], synapse))
                synapse = Dense(sum(both, start=np.zeros(())))
            synapses[source] = synapse
        total = Drive(synapses, total.constant + drive.constant)
    return total


def _through(synapse: Synapse, given: Drive, bias: Array) -> Drive:
    made = {
        source: synapse if before is None else Dense(synapse.matrix() @ before.matrix())
        for source, before in given.synapses.items()
    }
    return Drive(made, synapse.apply(given.constant[:, None])[:, 0] + bias)


def _scaled(given: Drive, factor: Array) -> dict[int, Synapse]:
    return {
        source: Dense(np.diag(factor)) if synapse is None else scaled(synapse, factor)
        for source, synapse in given.synapses.items()
    }


def _matrix(synapse: Synapse | None, width: int) -> Array:
    matrix: Array = np.eye(width) if synapse is None else synapse.matrix()
    return matrix


def _require_spikes(stage: Stage, drive: Drive, last: int) -> None:
    if last < 0 or dict(drive.synapses) != {last: None} or drive.constant.any():
        raise GraphError(
            f"node {stage.name!r}: its output is not the spikes of one node; connect it directly "
            f"to one of {', '.join(kind.__name__ for kind in FIRING)}"
        )
