"""Random layers and payloads that reach the corners: planted near-ties and extremes."""

from collections.abc import Callable

import nir
import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic.integers.layer import BIAS_MAX, IntegerLayer

Payload = npt.NDArray[np.int8]


@pytest.fixture(scope="session")
def make_layer() -> Callable[..., IntegerLayer]:
    """Return a function from a seed to a layer with weights and biases over their whole range."""

    def make(seed: int, units: int = 9, inputs: int = 13, shift: int = 1) -> IntegerLayer:
        rng = np.random.default_rng(seed)
        weight = rng.integers(-127, 128, (units, inputs))
        bias = rng.integers(-BIAS_MAX, BIAS_MAX + 1, units) >> rng.integers(0, 12, units)
        return IntegerLayer(weight.astype(np.int32), bias.astype(np.int32), shift)

    return make


@pytest.fixture(scope="session")
def make_payload() -> Callable[..., Payload]:
    """Return a function from layer and seed to a payload with extremes and near-ties in it."""

    def make(layer: IntegerLayer, seed: int, frames: int = 40) -> Payload:
        rng = np.random.default_rng(seed)
        scale = rng.choice([1, 20, 200], frames)
        payload = np.clip(np.round(rng.normal(0, scale, (layer.inputs, frames))), -127, 127)
        units = rng.integers(0, layer.units, frames)
        payload[:, ::5] = 127 * np.sign(layer.weight[units[::5]].T)
        for t in range(1, frames, 2):
            _bring_near(layer, units[t], payload[:, t], rng)
        return payload.astype(np.int8)

    return make


def _bring_near(
    layer: IntegerLayer, unit: int, column: npt.NDArray[np.float64], rng: np.random.Generator
) -> None:
    """Change a payload entry by entry until `unit` is as near its threshold as it can be."""
    weight = layer.weight[unit].astype(np.float64)
    for index in rng.permutation(np.flatnonzero(weight)):
        distance = weight @ column + float(layer.bias[unit]) * 2**layer.shift
        column[index] = np.clip(column[index] - np.round(distance / weight[index]), -127, 127)


@pytest.fixture(scope="session")
def make_graph() -> Callable[..., nir.NIRGraph]:
    """Return a function from a seed to a feed-forward graph of any nodes, with skips.

    All values are small multiples of 1/4 and all time constants 1 or 2 steps of 2^-10 s, so that a
    few steps of it are exact in float64.
    """

    def make(seed: int, stages: int = 6) -> nir.NIRGraph:
        rng = np.random.default_rng(seed)
        shape = (int(rng.integers(1, 5)),)
        if rng.random() < 0.5:
            shape = (int(rng.choice([1, 2, 4])), int(rng.integers(3, 7)))
        nodes: dict[str, nir.NIRNode] = {"in": nir.Input({"input": np.array(shape)})}
        edges, shapes = [], {"in": shape}
        for index in range(stages):
            name, before = f"n{index}", list(nodes)[-1]
            skips = [n for n in shapes if shapes[n] == shape and n != before and rng.random() < 0.3]
            node = _random_node(rng, shape)
            edges += [(source, name) for source in (before, *skips)]
            shape = tuple(int(size) for size in np.ravel(node.output_type["output"]))
            nodes[name], shapes[name] = node, shape
        nodes["out"] = nir.Output({"output": np.array(shape)})
        # nir's own check of types takes C_in of a grouped Conv1d for C_in / groups.
        return nir.NIRGraph(nodes, [*edges, (list(shapes)[-1], "out")], type_check=False)

    return make


def _random_node(rng: np.random.Generator, shape: tuple[int, ...]) -> nir.NIRNode:
    def quarters(*size: int) -> npt.NDArray[np.float64]:
        return rng.integers(-8, 9, size) / 4

    def times() -> npt.NDArray[np.float64]:
        return rng.integers(1, 3, shape) * 2.0**-10

    v = quarters(*shape)
    neurons = [
        lambda: nir.Scale(v),
        lambda: nir.Threshold(v),
        lambda: nir.Delay(rng.integers(0, 3, shape) * 2.0**-10),
        lambda: nir.LI(times(), v, quarters(*shape)),
        lambda: nir.IF(v * 2.0**10, quarters(*shape), quarters(*shape)),
        lambda: nir.LIF(times(), v, quarters(*shape), quarters(*shape), quarters(*shape)),
        lambda: nir.CubaLIF(
            times(), times(), v, quarters(*shape), quarters(*shape), quarters(*shape), v
        ),
    ]
    if len(shape) == 1:
        rows = int(rng.integers(1, 5))
        layers = [
            lambda: nir.Affine(quarters(rows, *shape), quarters(rows)),
            lambda: nir.Linear(quarters(rows, *shape)),
        ]
    else:
        layers = [
            lambda: _random_convolution(rng, shape, quarters),
            lambda: nir.Flatten({"input": np.array(shape)}, int(rng.integers(-2, 1)), -1),
        ]
    return rng.choice(neurons + 2 * layers)()


def _random_convolution(
    rng: np.random.Generator,
    shape: tuple[int, ...],
    quarters: Callable[..., npt.NDArray[np.float64]],
) -> nir.Conv1d:
    channels, length = shape
    groups = int(rng.choice([g for g in (1, 2, 4) if channels % g == 0]))
    outputs, taps = groups * int(rng.integers(1, 3)), int(rng.integers(1, 4))
    dilation = int(rng.integers(1, 3))
    padding = [0, 1, 2, "valid", "same"][rng.integers(5)]
    if padding != "same" and length + 2 * (padding if padding != "valid" else 0) <= dilation * 2:
        padding = "same"
    return nir.Conv1d(
        input_shape=length,
        weight=quarters(outputs, channels // groups, taps),
        stride=1 if padding == "same" else int(rng.integers(1, 3)),
        padding=padding,
        dilation=dilation,
        groups=groups,
        bias=quarters(outputs),
    )


@pytest.fixture(scope="session")
def chain() -> Callable[..., nir.NIRGraph]:
    """Return a function from nodes to their chain, from `width` values to `out`."""

    def make(*nodes: nir.NIRNode, width: int = 2, out: int = 2) -> nir.NIRGraph:
        ends = nir.Input({"input": np.array([width])}), nir.Output({"output": np.array([out])})
        return nir.NIRGraph.from_list(ends[0], *nodes, ends[1])

    return make


@pytest.fixture(scope="session")
def lif() -> Callable[..., nir.LIF]:
    """Return a function from parameters that are not usual to two LIF neurons."""

    def make(**changes: float) -> nir.LIF:
        values = {"tau": 1e-3, "r": 1, "v_leak": 0, "v_threshold": 1, "v_reset": 0, **changes}
        return nir.LIF(**{key: np.full(2, float(value)) for key, value in values.items()})

    return make
