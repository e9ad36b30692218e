"""Random layers and payloads that reach the corners: planted near-ties and extremes."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from neuromorphic.integer import BIAS_MAX, IntegerLayer

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
