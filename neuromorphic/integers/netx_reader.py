"""netx files as lava-dl reads them: each block becomes a layer, or an error names it."""

from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.graphs.sparse import Direct
from neuromorphic.graphs.synapses import Conv2d, Dense, Synapse
from neuromorphic.hdf5 import opened_hdf5
from neuromorphic.integers import netx_weights
from neuromorphic.integers.entry import Entry
from neuromorphic.integers.fixed_point import INPUT_SHIFT, NEVER, SHIFT_MAX, Neuron
from neuromorphic.integers.network import (
    DIRECT_BITS,
    INPUT,
    LATEST,
    SELF,
    START,
    Connection,
    Layer,
    Network,
)
from neuromorphic.integers.sigma_delta import MESSAGE_BITS, Kind, SigmaDelta
from neuromorphic.integers.units import Units
from runtime.errors import GraphError

WIDEST = 2**17  # the largest magnitude of a number; chips hold less, and nothing can overflow
EXPONENT_MAX = 1000  # the largest exponent of the input's scale that a float can hold
LARGEST = 2**24  # weights; far more than a core holds, and few enough to read safely
LEAKY = ("CUBA", "LOIHI")
UNSCALED = 64  # lava-dl's default factor for the input of leaky units

Whole = npt.NDArray[np.int64]


def read_netx(path: Path) -> Network[Units]:
    """Read the blocks of a netx file as lava-dl 0.6 `netx.hdf5.Network` does.

    It reads `input`, `dense`, `dense_rec`, `conv` and `flatten` with CUBA (LOIHI) and SDNN neurons,
    with delays; a dense block without neurons is a read-out that never fires. Values are numbered
    channel by channel, row by row, as in the file's shapes. Raises `GraphError`, naming the block,
    for what lava-dl does not accept, and for a file that is not netx.
    """
    with opened_hdf5(path, "netx", 8 * LARGEST) as file:
        return _network(file["layer"])


def read_entry(path: Path) -> Entry | None:
    """Return how the input of a netx file is scaled: as `write_netx` stored it, else plain spikes.

    None for a file of ours that does not store it: it takes payloads. An input block takes numbers.
    Raises `GraphError` when it is not a netx file, or the stored values are not valid.
    """
    with opened_hdf5(path, "netx", 8 * LARGEST) as file:
        kept = [file.attrs.get(name) for name in ("inputExponent", "inputBits")]
        first = file["layer/0"]
        if None in kept:
            if _text(first, "type") == "input" and "neuron" in first:
                return Entry(0, DIRECT_BITS)
            return None if "weightShift" in first else Entry(0, 1)
        exponent, bits = map(int, kept)
        if not (1 <= bits <= PAYLOAD_BITS and abs(exponent) <= EXPONENT_MAX):
            raise GraphError(f"its input is 2^{exponent} of {bits} bits; no chip takes that")
    return Entry(exponent, bits)


@dataclass
class _Flow:
    """What has been read so far: the layers, and the output shape of the last one."""

    layers: list[Layer[Units]] = field(default_factory=list)
    shape: tuple[int, ...] | None = None
    bits: int = 1

    def add(self, name: str, synapses: dict[int, Synapse], units: Units, shape: Any) -> None:
        connections = (
            Connection(source, synapse, 1 if source == START else self.bits)
            for source, synapse in synapses.items()
        )
        self.layers.append(Layer(name, tuple(connections), units))
        self.shape = shape
        self.bits = MESSAGE_BITS if isinstance(units, SigmaDelta) else 1

    @property
    def source(self) -> int:
        return len(self.layers) - 1 if self.layers else INPUT


def _network(groups: h5py.Group) -> Network[Units]:
    flow = _Flow()
    for number in range(len(groups)):
        if str(number) not in groups:
            raise GraphError(f"has {len(groups)} layers, none of which is layer {number}")
        group = groups[str(number)]
        kind = _text(group, "type")
        try:
            _add_block(flow, group, kind, number)
        except GraphError as error:
            raise GraphError(f"layer {number} ({kind}): {error}") from error
    if not flow.layers:
        raise GraphError("has no layers")
    return Network(tuple(flow.layers))


def _add_block(flow: _Flow, group: h5py.Group, kind: str, number: int) -> None:
    name = f"layer {number}"
    match kind:
        case "input":
            if number:
                raise GraphError("lava-dl takes an input block as the first one alone")
            flow.shape = _shape(group)
            if "neuron" in group:
                size = prod(flow.shape)
                units = _units(group, size, is_input=True)
                flow.add(name, {INPUT: _direct(group, units, size)}, units, flow.shape)
        case "flatten":
            if flow.layers and len(flow.shape or ()) != 3:
                raise GraphError(f"gets {flow.shape}; (C, H, W) is needed")
            flow.shape = None if flow.shape is None else (prod(flow.shape),)
        case "conv":
            synapse, shape = _convolution(flow, group)
            units = _units(group, prod(shape), shape[0])
            flow.add(name, {flow.source: synapse, **_start(group, prod(shape))}, units, shape)
        case "dense" | "dense_rec":
            size = prod(_shape(group))
            synapses = _dense(flow, group, size, kind == "dense_rec") | _start(group, size)
            flow.add(name, synapses, _units(group, size), (size,))
        case _:
            raise GraphError(
                "lava-dl's reader does not take it; input, dense, dense_rec, conv and flatten are "
                "read"
            )


def _direct(group: h5py.Group, units: Units, size: int) -> Direct:
    factor = int(_one(group, "weight", UNSCALED))
    offset = int(_one(group, "bias", 0))
    if isinstance(units, Neuron):
        return Direct(size, factor, offset)
    if "weight" in group or "bias" in group:
        raise GraphError("weight and bias before sigma-delta units are not taken by lava-dl")
    return Direct(size)


def _dense(flow: _Flow, group: h5py.Group, size: int, is_recurrent: bool) -> dict[int, Synapse]:
    if flow.layers and flow.shape is not None and len(flow.shape) > 1:
        raise GraphError(f"gets {flow.shape}; a flatten block before it is needed")
    weight = _matrix(group, "weight", size)
    given = None if flow.shape is None else prod(flow.shape)
    if given is not None and given != weight.shape[1]:
        raise GraphError(f"takes {weight.shape[1]} values, gets {given}")
    shift = int(_one(group, "weightShift", 0))
    if not 0 <= shift <= SHIFT_MAX:
        raise GraphError(f"weightShift is {shift}; 0 to {SHIFT_MAX} is needed")
    delays = _delays(group, weight.shape)
    if not is_recurrent:
        return {flow.source: netx_weights.synapse(weight, delays, shift)}
    back = _matrix(group, "weight_rec", size)
    if back.shape != (size, size):
        raise GraphError(f"weight_rec is {back.shape}; {(size, size)} is needed")
    if delays is not None and back.shape != weight.shape:
        raise GraphError(
            f"delay is for weights {weight.shape}; lava-dl takes it for weight_rec {back.shape} "
            "too, so the shapes must be the same"
        )
    ahead, returned = netx_weights.recurrent(weight, back, delays)
    return {flow.source: ahead, SELF: returned}


def _start(group: h5py.Group, size: int) -> dict[int, Synapse]:
    """Return what the first step adds in a file of ours: see `network.START`."""
    if "start" not in group:
        return {}
    weight = _spread(_whole(group, "start"), "start", size, None)
    return {START: Dense(2 * weight[:, None].astype(np.int32), -1)}


def _delays(group: h5py.Group, shape: tuple[int, ...]) -> Whole | None:
    """Return a delay for each weight; the file has one in all, or one a unit, input or weight."""
    if "delay" not in group:
        return None
    given = np.clip(np.floor(_numbers(group, "delay")), None, LATEST).astype(np.int64)
    if given.size and given.min() < 0:
        raise GraphError(f"delay reaches {given.min()}; it looks into the future")
    if given.shape == shape or not given.ndim:
        return np.broadcast_to(given, shape)
    if given.shape == shape[:1]:
        return np.broadcast_to(given[:, None], shape)
    if given.shape == shape[1:]:
        return np.broadcast_to(given, shape)
    raise GraphError(f"delay is {given.shape}; one for each of the weights {shape} is needed")


def _convolution(flow: _Flow, group: h5py.Group) -> tuple[Synapse, tuple[int, ...]]:
    if flow.shape is None:
        raise GraphError("the shape of what it gets is not in the file; let an input block say it")
    if len(flow.shape) != 3:
        raise GraphError(f"gets {flow.shape}; (C, H, W) is needed")
    weight = _whole(group, "weight")
    weight = weight.reshape(weight.shape[:4]) if weight.ndim == 5 else weight
    rows, columns = _pair(group, "padding")
    synapse = Conv2d(
        weight=weight.astype(np.int32),
        size=flow.shape[1:],
        stride=_pair(group, "stride"),
        padding=((rows, rows), (columns, columns)),
        dilation=_pair(group, "dilation"),
        groups=_one(group, "groups", 1),
    )
    _require_fitting(synapse, flow.shape[0])
    shape = len(weight), *synapse.places
    if shape != _shape(group):
        raise GraphError(f"makes {shape} of {flow.shape}; the file says {_shape(group)}")
    return synapse, shape


def _require_fitting(synapse: Conv2d, channels: int) -> None:
    weight, groups = synapse.weight, synapse.groups
    if weight.ndim != 4 or not weight.size:
        raise GraphError(f"weight is {weight.shape}; (C_out, C_in, H, W) is needed")
    if min(*synapse.stride, *synapse.dilation, groups) < 1 or np.min(synapse.padding) < 0:
        raise GraphError(
            f"has stride {synapse.stride}, dilation {synapse.dilation}, padding "
            f"{synapse.padding} and {groups} groups"
        )
    if weight.shape[1] * groups != channels or len(weight) % groups:
        raise GraphError(
            f"weight is {weight.shape} in {groups} groups, which does not fit {channels} channels"
        )
    if min(synapse.places) < 1:
        raise GraphError(
            f"its kernel {weight.shape[2:]} is larger than {synapse.size} with padding"
        )
    if synapse.units > LARGEST:
        raise GraphError(f"makes {synapse.units} values; {LARGEST} at most")


def _units(
    group: h5py.Group, size: int, channels: int | None = None, is_input: bool = False
) -> Units:
    bias = np.zeros(size, np.int64)
    if "bias" in group and not is_input:
        bias = _spread(_whole(group, "bias"), "bias", size, channels)
    if "neuron" not in group:
        return Neuron(-1, 4096, NEVER, bias, INPUT_SHIFT)  # it sums its input
    neuron = group["neuron"]
    kind = _text(neuron, "type")
    if kind in LEAKY:
        exponent = int(_one(group, "biasExponent", INPUT_SHIFT))
        if not 0 <= exponent <= SHIFT_MAX:
            raise GraphError(f"biasExponent is {exponent}; 0 to {SHIFT_MAX} is needed")
        numbers = {
            name: _parameter(neuron, name, size, channels)
            for name in ("iDecay", "vDecay", "vThMant")
        }
        du = numbers["iDecay"] - 1
        return Neuron(du, numbers["vDecay"], numbers["vThMant"], bias, exponent)
    if kind != "SDNN":
        raise GraphError(f"neurons of type {kind!r}; {', '.join(LEAKY)} and SDNN are read")
    if _one(neuron, "messageBits", MESSAGE_BITS) < 1:
        raise GraphError("messageBits is 0; sigma-delta units send numbers")
    what: Kind = "delta" if is_input else "sigma" if "sigma_output" in neuron else "sigma-delta"
    return SigmaDelta(what, 0 if what == "sigma" else int(_one(neuron, "vThMant")), bias)


def _parameter(group: h5py.Group, name: str, size: int, channels: int | None) -> Any:
    """Return a number that all units share as an int, else `(size,)`."""
    values = _whole(group, name)
    return int(values.flat[0]) if values.size == 1 else _spread(values, name, size, channels)


def _spread(values: Whole, name: str, size: int, channels: int | None) -> Whole:
    if values.size in (1, size):
        return np.broadcast_to(values.ravel(), (size,)).copy()
    if channels is not None and values.shape == (channels,):
        return np.repeat(values, size // channels)
    wanted = (size,) if channels is None else (channels,)
    raise GraphError(f"{name} is {values.shape}; {wanted} is needed")


def _matrix(group: h5py.Group, name: str, units: int) -> Whole:
    weight = _whole(group, name)
    if weight.ndim == 1 and units and weight.size % units == 0:
        weight = weight.reshape(units, -1)
    if weight.ndim != 2 or not weight.size or len(weight) != units:
        raise GraphError(f"{name} is {weight.shape}; ({units}, M) is needed")
    return weight


def _shape(group: h5py.Group) -> tuple[int, ...]:
    shape = tuple(int(n) for n in np.atleast_1d(_whole(group, "shape")))
    if not shape or min(shape) < 1 or prod(shape) > LARGEST:
        raise GraphError(f"shape is {shape}; sizes from 1, {LARGEST} in all, are needed")
    return shape


def _pair(group: h5py.Group, name: str) -> tuple[int, int]:
    values = _whole(group, name).ravel()
    if values.size not in (1, 2):
        raise GraphError(f"{name} has {values.size} numbers; 1 or 2 are needed")
    first, last = int(values[0]), int(values[-1])
    return first, last


def _one(group: h5py.Group, name: str, otherwise: int | None = None) -> int:
    if otherwise is not None and name not in group:
        return otherwise
    values = _whole(group, name)
    if values.size != 1:
        raise GraphError(f"{name} has {values.size} numbers; one is needed")
    return int(values.flat[0])


def _whole(group: h5py.Group, name: str) -> Whole:
    values = _numbers(group, name)
    if (values != np.round(values)).any():
        raise GraphError(f"{name} holds values that are not integers")
    return values.astype(np.int64)


def _numbers(group: h5py.Group, name: str) -> npt.NDArray[np.float64]:
    if name not in group:
        raise GraphError(f"has no {name}")
    found = group[name]
    if not isinstance(found, h5py.Dataset) or found.dtype.kind not in "biuf":
        raise GraphError(f"{name} holds no real numbers")
    if found.size > LARGEST:
        raise GraphError(f"{name} holds {found.size} numbers, at most {LARGEST} are read")
    values = np.asarray(found[()], np.float64)
    if not np.isfinite(values).all():
        raise GraphError(f"{name} holds values that are not integers")
    if values.size and np.abs(values).max() > WIDEST:
        raise GraphError(f"{name} reaches {np.abs(values).max():g}; {WIDEST} at most")
    return values


def _text(group: h5py.Group, name: str) -> str:
    if name not in group or not isinstance(group[name], h5py.Dataset):
        raise GraphError(f"{group.name} has no {name}")
    value = np.ravel(group[name][()])[0]
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)
