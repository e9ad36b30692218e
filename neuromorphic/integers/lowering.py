"""Lower NIR graphs to layers of leaky units with threshold 1, as Lava and chips compute them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod

import nir
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, eye_array

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.graphs.dialects import NIR, Dialect
from neuromorphic.graphs.graph import Graph, Stage
from neuromorphic.graphs.neurons import SPIKING, neuron
from neuromorphic.graphs.run import require_step
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import (
    WEIGHTS,
    Dense,
    Synapse,
    bias_of,
    composed,
    delayed,
    longest_delay,
    nonzero,
    scaled,
    synapse_of,
)
from neuromorphic.integers.firing import Firing
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.network import INPUT, LATEST, SELF, START, Connection, Layer, Network
from runtime.errors import GraphError

Array = npt.NDArray[np.float64]
LATE = START - 1  # the late spikes of layer n have the number LATE - n


@dataclass(frozen=True, eq=False)
class Drive:
    """What an edge carries: the output of synapses on the spikes of layers, plus a constant `(N,)`.

    A key is the layer and by how many steps its spikes are delayed. If a synapse is None, the
    spikes are passed on unchanged.
    """

    synapses: Mapping[tuple[int, int], Synapse | None]
    constant: Array


def lower(graph: Graph, dt: float, dialect: Dialect = NIR) -> Network[FloatNeuron]:
    """Return a graph as a network with steps of `dt` s that spikes as in `run_graph`.

    Weights, pools, Scale, Flatten and sums between neurons become one synapse from each source, of
    which Delay makes each weight wait; what arrives on several ways after different delays takes
    several synapses. Threshold, IF, LIF and CubaLIF become units scaled so that they fire above 1
    and shifted so that they are reset to 0. Several Inputs are one after the other. A constant
    input to the current of a CubaLIF is added to its voltage instead, with the value that it has
    once the current has settled, and the current begins as much below. Only a voltage over a
    current cannot begin elsewhere than at `v_reset`. Raises `GraphError`, naming the node, for I,
    LI and CubaLI, which do not spike, for a Delay of more than `LATEST` steps or of a constant, for
    a threshold that is not above the reset, for a Delay on the way back of a cycle through several
    neurons, and for an Output that is not the output of one neuron node.
    """
    require_step(graph, dt, dialect)
    names = [stage.name for stage in graph.stages if isinstance(stage.node, SPIKING)]
    numbers = {name: number for number, name in enumerate(names)}
    layers: list[Layer[FloatNeuron]] = []
    drives = _entering(graph)
    for stage in graph.stages:
        if isinstance(stage.node, nir.Input):
            continue
        given = _sum(
            _spikes(LATE - _late(source, numbers), stage.given)
            if source in stage.late
            else drives[source]
            for source in stage.sources
        )
        if isinstance(stage.node, SPIKING):
            layers.append(_layer(stage, given, dt, dialect, layers))
            drives[stage.name] = _spikes(len(layers) - 1, stage.shape)
        else:
            drives[stage.name] = _linear(stage, given, dt)
    outputs = tuple(_sender(stage, drives[stage.name]) for stage in graph.outputs)
    return Network(tuple(layers), outputs=outputs)


def _entering(graph: Graph) -> dict[str, Drive]:
    """Return what each Input passes on of all inputs, which are one after the other."""
    sizes = [prod(stage.shape) for stage in graph.inputs]
    if len(sizes) == 1:
        return {stage.name: _spikes(INPUT, stage.shape) for stage in graph.inputs}
    rows = np.split(np.arange(sum(sizes)), np.cumsum(sizes)[:-1])
    whole = csr_array(eye_array(sum(sizes)))
    return {
        stage.name: Drive({(INPUT, 0): Sparse(whole[own])}, np.zeros(len(own)))
        for stage, own in zip(graph.inputs, rows, strict=True)
    }


def _late(source: str, numbers: Mapping[str, int]) -> int:
    if source not in numbers:
        raise GraphError(f"node {source!r}: closes a cycle, and does not spike")
    return numbers[source]


def _linear(stage: Stage, given: Drive, dt: float) -> Drive:
    node = stage.node
    if isinstance(node, WEIGHTS):
        return _through(synapse_of(stage), given, np.ravel(bias_of(stage)))
    match node:
        case nir.Scale():
            factor = np.ravel(node.scale)
            return Drive(_scaled(given, factor), given.constant * factor)
        case nir.Delay():
            return _delayed(stage, given, np.round(np.ravel(node.delay) / dt).astype(np.int64))
        case nir.Flatten() | nir.Output():
            return given
    raise GraphError(
        f"node {stage.name!r}: {stage.kind} cannot become units of a chip; only "
        f"{', '.join(kind.__name__ for kind in SPIKING)} spike"
    )


def _layer(
    stage: Stage,
    given: Drive,
    dt: float,
    dialect: Dialect,
    before: list[Layer[FloatNeuron]],
) -> Layer[FloatNeuron]:
    gain, units, level, v = _units(stage, dt, dialect)
    settled = gain / units.du * given.constant
    units = replace(units, bias=(units.bias + settled) / level)
    # What one spike in the first step has to add, for the state to be as if it had begun there.
    kick = np.where(units.du == 1, v * (1 - units.dv), -settled * (1 - units.du)) / level
    connections = [Connection(START, Dense(kick[:, None]))] if kick.any() else []
    for source, synapse in _by_source(_scaled(given, gain / level)):
        if source > LATE:
            many = source != INPUT and before[source].neuron.firing.many
            connections.append(Connection(source, synapse, PAYLOAD_BITS if many else 1))
        else:
            number = LATE - source
            if number < len(before) or (number > len(before) and longest_delay(synapse)):
                raise GraphError(
                    f"node {stage.name!r}: a cycle through several neuron nodes brings it spikes "
                    "behind a Delay, or of a node before it a step late; neither is computed"
                )
            bits = PAYLOAD_BITS if dialect.many else 1
            connections.append(Connection(SELF if number == len(before) else number, synapse, bits))
    return Layer(stage.name, tuple(connections), units)


def _by_source(parts: Mapping[tuple[int, int], Synapse]) -> Iterator[tuple[int, Synapse]]:
    """Yield the synapses of each source, in one as far as that is possible."""
    for source in dict.fromkeys(source for source, _ in parts):
        own = {late: synapse for (other, late), synapse in parts.items() if other == source}
        for synapse in own.values() if set(own) == {0} else delayed(own):
            yield source, synapse


def _units(stage: Stage, dt: float, dialect: Dialect) -> tuple[Array, FloatNeuron, Array, Array]:
    """Return the factor of what arrives, the units before scaling, their thresholds and first v."""
    one = np.ones(prod(stage.shape))
    if isinstance(stage.node, nir.Threshold):  # nothing is kept, so the threshold can be moved
        return one, FloatNeuron(one, one, 1 - np.ravel(stage.node.threshold)), one, 0 * one
    own = neuron(stage, dt, dialect)
    assert own.threshold is not None
    du = one if own.keep_i is None else 1 - np.ravel(own.keep_i)
    dv = 1 - np.ravel(own.keep_v)
    subtracts, v_reset = dialect.reset == "subtract", np.ravel(own.v_reset)
    if subtracts:
        v_reset = 0 * v_reset
    level = np.ravel(own.threshold) - v_reset
    if (level <= 0).any():
        raise GraphError(
            f"node {stage.name!r}: v_threshold is {level.min():g} above v_reset; more is needed"
        )
    floor = own.floor is not None
    firing = Firing(subtracts, subtracts and dialect.late, dialect.ties, dialect.many, floor)
    if (du == 1).all() and (dv == 1).all() and not (firing.late or firing.many):
        firing = Firing(ties=dialect.ties)  # nothing is kept, whatever the reset
    units = FloatNeuron(du, dv, np.ravel(own.bias) - dv * v_reset, firing=firing)
    gain = np.ravel(own.gain_i * own.gain_v)
    return gain, units, level, np.ravel(own.rest().v) - v_reset


def _spikes(source: int, shape: tuple[int, ...]) -> Drive:
    return Drive({(source, 0): None}, np.zeros(prod(shape)))


def _sum(drives: Iterable[Drive]) -> Drive:
    total = Drive({}, np.zeros(()))
    for drive in drives:
        synapses = dict(total.synapses)
        for source, synapse in drive.synapses.items():
            if source in synapses:
                synapse = _both(synapses[source], synapse, drive.constant.size)
            synapses[source] = synapse
        total = Drive(synapses, total.constant + drive.constant)
    return total


def _both(one: Synapse | None, other: Synapse | None, width: int) -> Synapse:
    if isinstance(one, Dense) and isinstance(other, Dense):
        return Dense(one.weight + other.weight)
    first, second = (_unchanged(width) if s is None else s for s in (one, other))
    return Sparse(nonzero(first) + nonzero(second))


def _unchanged(width: int) -> Sparse:
    return Sparse(csr_array(eye_array(width)))


def _through(synapse: Synapse, given: Drive, bias: Array) -> Drive:
    made = {
        source: synapse if before is None else composed(synapse, before)
        for source, before in given.synapses.items()
    }
    return Drive(made, synapse.apply(given.constant[:, None])[:, 0] + bias)


def _delayed(stage: Stage, given: Drive, late: npt.NDArray[np.int64]) -> Drive:
    """Return what arrives at each unit after `late (N,)` steps of its own."""
    if not late.any():
        return given
    if (given.constant[late > 0] != 0).any():
        raise GraphError(
            f"node {stage.name!r}: delays a constant, which units of a chip have from the first "
            "step on; move the bias behind the Delay"
        )
    made: dict[tuple[int, int], Synapse] = {}
    for (source, before), synapse in given.synapses.items():
        for steps in np.unique(late):
            key, mask = (source, before + int(steps)), (late == steps).astype(np.float64)
            own = scaled(_unchanged(late.size) if synapse is None else synapse, mask)
            made[key] = _both(made[key], own, late.size) if key in made else own
    if (longest := max((delay for _, delay in made), default=0)) > LATEST:
        raise GraphError(
            f"node {stage.name!r}: waits for {longest} steps; synapses of a chip wait for at most "
            f"{LATEST}"
        )
    return Drive(made, given.constant)


def _scaled(given: Drive, factor: Array) -> dict[tuple[int, int], Synapse]:
    return {
        source: scaled(_unchanged(factor.size) if synapse is None else synapse, factor)
        for source, synapse in given.synapses.items()
    }


def _sender(stage: Stage, drive: Drive) -> int:
    """Return the number of the layer whose spikes an Output takes."""
    ((source, late), synapse), *others = drive.synapses.items()
    if others or source < 0 or late or synapse is not None or drive.constant.any():
        raise GraphError(
            f"node {stage.name!r}: its output is not the spikes of one node; connect it directly "
            f"to one of {', '.join(kind.__name__ for kind in SPIKING)}"
        )
    return source
