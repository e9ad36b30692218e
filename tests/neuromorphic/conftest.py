"""Random graphs."""

from collections.abc import Callable

import nir
import numpy as np
import numpy.typing as npt
import pytest


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
