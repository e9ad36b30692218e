"""A bundle made by hand, whose results can be worked out on paper, and random layers."""

from collections.abc import Callable
from pathlib import Path

import hypothesis
import numpy as np
import numpy.typing as npt
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from neuromorphic.graphs.files import write_graph
from neuromorphic.integers.layer import BIAS_MAX, IntegerLayer
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.nir_forms import exact_graph, portable_graph
from runtime.bundle import Bundle, open_bundle, write_manifest

# Nothing is timed: a machine may be busy. Speed is measured in benchmarks, not asserted in tests.
# Examples differ from run to run, so that few of them are enough in each.
hypothesis.settings.register_profile(
    "untimed",
    deadline=None,
    max_examples=40,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("untimed")

Payload = npt.NDArray[np.int8]

UNITS, LATENT, HOP, CHUNK, CONTEXT = 5, 8, 512, 16, 4
GAIN = 0.5  # what the denoiser of the toy adds of the base


@pytest.fixture(scope="session")
def toy_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle of 5 units in chunks of 16 frames whose graphs look one frame to each side."""
    return make_toy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="session")
def noiseless_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same, but its denoiser forgets the noise, so that its result has a closed form."""
    return make_toy(tmp_path_factory.mktemp("noiseless"), noise_share=0.0)


@pytest.fixture
def copy_of_toy(tmp_path: Path) -> Callable[[], Path]:
    """A fresh toy bundle folder that a test may damage."""

    def make() -> Path:
        return make_toy(tmp_path / "bundle").path

    return make


@pytest.fixture(scope="session")
def spiking_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same as `toy_bundle`, with its bottleneck also as a graph and as a fixed-point layer."""
    return make_toy(tmp_path_factory.mktemp("spiking"), bottleneck=True)


@pytest.fixture(scope="session")
def mu_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The same as `toy_bundle` with a mu, which makes events rare and the sound louder."""
    return make_toy(tmp_path_factory.mktemp("mu"), with_mu=True)


@pytest.fixture(scope="session")
def toys() -> Callable[..., Bundle]:
    """Make a toy bundle in a folder, as `make_toy` does."""
    return make_toy


def make_toy(
    folder: Path, noise_share: float = 0.1, bottleneck: bool = False, with_mu: bool = False
) -> Bundle:
    """Write the three graphs and the manifest of a toy bundle."""
    folder.mkdir(exist_ok=True)
    matrix = _encoder(folder / "encoder.onnx", with_mu)
    _decoder_fast(folder / "decoder_fast.onnx", with_mu)
    _decoder(folder / "decoder.onnx", noise_share, with_mu)
    if bottleneck:
        layer = IntegerLayer(matrix.astype(np.int32), np.zeros(UNITS, np.int32), 0)
        write_graph(exact_graph(layer.exact), folder / "bottleneck.nir")
        write_graph(portable_graph(layer.exact), folder / "bottleneck.lif.nir")
        write_netx(layer.network(), folder / "bottleneck.net")
    write_manifest(
        folder,
        {
            "name": "toy",
            "kind": "MU_SPARSE" if with_mu else "FREE",
            "units": UNITS,
            "latent": LATENT,
            "hop": HOP,
            "sample_rate": 22050,
            "chunk_frames": CHUNK,
            "context_frames": CONTEXT,
            "payload_bits": 8,
            "decoder": {
                "default": "diffusion",
                "steps": 4,
                "residual_gain": 0.5,
                "spectrum": [],
                "context_frames": 4,
            },
            "licence": "CC0-1.0",
            "attribution": "made by hand",
            "training": {},
            "quality": {},
            "operations": {
                "encoder_macs_per_frame": 1000,
                "decoder_fast_macs_per_frame": 2000,
                "decoder_macs_per_frame_per_step": 3000,
            },
        },
    )
    return open_bundle(folder)


def _encoder(path: Path, with_mu: bool) -> np.ndarray:
    random = np.random.default_rng(1)
    weights = {
        "filter": random.normal(0, 4, (LATENT, 1, 3 * HOP)),
        "lowest": np.array(-127.0),
        "highest": np.array(127.0),
        "matrix": random.integers(-9, 9, (UNITS, LATENT)),
        "half": np.array(0.5),
        "zero": np.array(0.0),
        "slope": np.array(30.0),
    }
    nodes = [
        *_times_mu("slope", "zero", with_mu),
        helper.make_node("Conv", ["audio", "filter"], ["filtered"], strides=[HOP], pads=[HOP, HOP]),
        helper.make_node("Round", ["filtered"], ["rounded"]),
        helper.make_node("Clip", ["rounded", "lowest", "highest"], ["payload"]),
        helper.make_node("MatMul", ["matrix", "payload"], ["product"]),
        helper.make_node("Add", ["product", "half"], ["drive"]),
        helper.make_node("Greater", ["drive", "of_mu"], ["fires"]),
        helper.make_node("Cast", ["fires"], ["events"], to=TensorProto.FLOAT),
    ]
    _save(path, nodes, weights, ["audio"], ["payload", "events"], with_mu)
    return weights["matrix"]


def _decoder_fast(path: Path, with_mu: bool) -> None:
    random = np.random.default_rng(2)
    weights = {
        "filter": random.normal(0, 0.1, (UNITS, 1, 3 * HOP)),
        "slope": np.array(0.1),
        "zero": np.array(0.0),
        "one": np.array(1.0),
    }
    nodes = [
        *_times_mu("slope", "zero", with_mu),
        helper.make_node("Add", ["of_mu", "one"], ["level"]),
        helper.make_node(
            "ConvTranspose", ["events", "filter"], ["wave"], strides=[HOP], pads=[HOP, HOP]
        ),
        helper.make_node("Mul", ["wave", "level"], ["audio"]),
    ]
    _save(path, nodes, weights, ["events"], ["audio"], with_mu)


def _decoder(path: Path, noise_share: float, with_mu: bool) -> None:
    """`v = (cot(sigma pi/2) + share) sample - GAIN base + 0.1 mu`, and of the events nothing.

    With share 0 the signal found from any sample is `sin(sigma pi/2) GAIN base`.
    """
    weights = {
        "quarter": np.array(np.pi / 2),
        "one": np.array(1.0),
        "share": np.array(noise_share),
        "gain": np.array(GAIN),
        "nothing": np.array(0.0),
        "slope": np.array(0.1),
    }
    nodes = [
        *_times_mu("slope", "nothing", with_mu),
        helper.make_node("Mul", ["sigma", "quarter"], ["angle"]),
        helper.make_node("Tan", ["angle"], ["tangent"]),
        helper.make_node("Div", ["one", "tangent"], ["cotangent"]),
        helper.make_node("Add", ["cotangent", "share"], ["factors"]),
        helper.make_node("Unsqueeze", ["factors", "axes"], ["factor"]),
        helper.make_node("Mul", ["sample", "factor"], ["from_sample"]),
        helper.make_node("Mul", ["base", "gain"], ["from_base"]),
        helper.make_node("ReduceMean", ["events"], ["population"], keepdims=1),
        helper.make_node("Mul", ["population", "nothing"], ["from_events"]),
        helper.make_node("Sub", ["from_sample", "from_base"], ["difference"]),
        helper.make_node("Add", ["difference", "from_events"], ["moved"]),
        helper.make_node("Add", ["moved", "of_mu"], ["velocity"]),
    ]
    _save(path, nodes, weights, ["sample", "sigma", "events", "base"], ["velocity"], with_mu)


def _times_mu(slope: str, zero: str, with_mu: bool) -> list[onnx.NodeProto]:
    """`of_mu (B, 1, 1) = slope mu`, or `zero`."""
    if not with_mu:
        return [helper.make_node("Identity", [zero], ["of_mu"])]
    return [
        helper.make_node("Cast", ["mu"], ["number"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["number", "axes"], ["column"]),
        helper.make_node("Mul", ["column", slope], ["of_mu"]),
    ]


def _save(
    path: Path,
    nodes: list[onnx.NodeProto],
    weights: dict[str, np.ndarray],
    inputs: list[str],
    outputs: list[str],
    with_mu: bool,
) -> None:
    constants = [
        numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()
    ]
    constants.append(numpy_helper.from_array(np.array([1, 2], np.int64), "axes"))
    graph = helper.make_graph(
        nodes,
        path.stem,
        [_port(name) for name in inputs] + [_port("mu")] * with_mu,
        [_port(name) for name in outputs],
        constants,
    )
    opset = [helper.make_opsetid("", 20)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)


def _port(name: str) -> onnx.ValueInfoProto:
    kind = TensorProto.INT64 if name == "mu" else TensorProto.FLOAT
    flat = name in ("sigma", "mu")
    shape = ["batch"] if flat else ["batch", f"{name}_rows", f"{name}_time"]
    return helper.make_tensor_value_info(name, kind, shape)


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
