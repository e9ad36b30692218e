from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from onnxruntime import InferenceSession

from runtime.bundle import Bundle
from runtime.errors import BundleError
from runtime.providers import PROVIDERS
from runtime.sessions import Graph, open_graph, single

INPUTS = {"sample", "sigma", "events", "base"}


@pytest.fixture(scope="module")
def step(toy_bundle: Bundle) -> Graph:
    return open_graph(toy_bundle.file("decoder.onnx"), INPUTS, {"velocity"})


def feed(frames: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    sound = random.normal(size=(2, 1, 1, 512 * frames)).astype(np.float32)
    events = (random.random((1, 5, frames)) < 0.5).astype(np.float32)
    sigma = random.uniform(0.1, 1, 1).astype(np.float32)
    return {"sample": sound[0], "sigma": sigma, "events": events, "base": sound[1]}


@pytest.mark.parametrize("frames", [4, 8, 20])
def test_held_inputs_count_as_given_ones_in_every_call(step: Graph, frames: int) -> None:
    first, second = feed(frames, 1), feed(frames, 2)
    fixed = {name: first[name] for name in ("events", "base")}
    run = step.holding(fixed)
    results = []
    for moving in (first, second, first):
        given = {name: moving[name] for name in ("sample", "sigma")}
        results.append(run(given)["velocity"])
        np.testing.assert_array_equal(results[-1], step({**given, **fixed})["velocity"])
    np.testing.assert_array_equal(results[0], results[2])  # a later call writes into no earlier one
    assert np.abs(results[0] - results[1]).max() > 0.1


def test_a_bad_feed_is_an_error_of_the_bundle(step: Graph) -> None:
    given = feed(4, 1)
    run = step.holding({name: given[name] for name in ("events", "base")})
    for bad in ({}, {"sample": np.zeros((1, 2, 3), np.float32)}, {"other": given["sample"]}):
        with pytest.raises(BundleError, match=r"decoder\.onnx: fails to run"):
            run(bad)


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_provider_that_does_not_start_is_named(toy_bundle: Bundle) -> None:
    with pytest.raises(BundleError, match="cuda"):
        open_graph(toy_bundle.file("decoder.onnx"), INPUTS, {"velocity"}, provider="cuda")


class _OnGPU:
    """A session that says it computes by CUDA, and remembers where its inputs lie."""

    def __init__(self, session: InferenceSession) -> None:
        self._session, self.device = session, dict[str, str]()
        self.get_inputs, self.get_outputs = session.get_inputs, session.get_outputs

    def get_providers(self) -> list[str]:
        return [PROVIDERS["cuda"], PROVIDERS["cpu"]]

    def io_binding(self) -> "_OnGPU":
        return self

    def bind_ortvalue_input(self, name: str, held: str) -> None:
        self.device[name] = held


def test_held_inputs_go_to_the_gpu_where_it_computes(
    toy_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = toy_bundle.file("decoder.onnx")
    session = _OnGPU(InferenceSession(path))
    put = SimpleNamespace(ortvalue_from_numpy=lambda array, device, number: f"{device} {number}")
    monkeypatch.setattr(onnxruntime, "OrtValue", put)
    given = feed(4, 1)
    Graph(path, session).holding({name: given[name] for name in ("events", "base")})
    assert session.device == {"events": "cuda 0", "base": "cuda 0"}


@pytest.mark.parametrize("place", ["weights.bin", "../weights.bin", "/weights.bin"])
def test_weights_outside_the_file_are_never_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    weights = np.ones(4096, np.float32)
    here = tmp_path / "here"
    here.mkdir()
    for folder in (here, tmp_path):
        weights.tofile(folder / "weights.bin")
    outside = onnx.TensorProto(
        name="w", data_type=1, dims=[4096], data_location=onnx.TensorProto.EXTERNAL
    )
    where = place.replace("/weights", f"{tmp_path}/weights") if place[0] == "/" else place
    for key, value in (("location", where), ("offset", "0"), ("length", "16384")):
        outside.external_data.add(key=key, value=value)
    ports = [onnx.helper.make_tensor_value_info(name, 1, [4096]) for name in ("x", "y")]
    node = onnx.helper.make_node("Add", ["x", "w"], ["y"])
    graph = onnx.helper.make_graph([node], "g", ports[:1], ports[1:], [outside])
    opset = [onnx.helper.make_opsetid("", 17)]
    model = onnx.helper.make_model(graph, opset_imports=opset, ir_version=9)
    (here / "g.onnx").write_bytes(model.SerializeToString())
    monkeypatch.chdir(here)
    with pytest.raises(BundleError, match="cannot load it"):
        open_graph(here / "g.onnx", {"x"}, {"y"})


def test_what_is_no_number_is_no_output() -> None:
    with pytest.raises(BundleError, match="NaN"):
        single(np.full((1, 2), np.nan, np.float32), (2,))
