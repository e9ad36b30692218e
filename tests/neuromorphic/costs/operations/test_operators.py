from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from neuromorphic.costs.operations.calls import summed
from neuromorphic.costs.operations.operators import coverage, downstream, listeners, operators_of
from neuromorphic.costs.operations.shapes import shaped
from runtime.bundle import PAPER, Bundle, open_bundle
from runtime.errors import GraphError

Write = Callable[..., Path]
SHAPES = {
    "encoder.onnx": {"audio": (1, 1, 24 * 512)},
    "decoder_fast.onnx": {"events": (1, 80, 24)},
    "decoder.onnx": {
        "sample": (1, 1, 24 * 512),
        "sigma": (1,),
        "events": (1, 80, 24),
        "base": (1, 1, 24 * 512),
    },
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_every_operator_of_the_shipped_bundle_is_known(name: str) -> None:
    operators = operators_of(shaped(open_bundle(PAPER).file(name), SHAPES[name]))
    found = coverage(operators)
    assert found["unknown"] == 0
    assert found["counted"] > 40
    assert sum(found.values()) == len(operators)
    assert all(op.written_bytes > 0 for op in operators if op.verdict in ("counted", "moves data"))


def test_products_agree_with_those_that_torch_counted_at_the_export() -> None:
    bundle = open_bundle(PAPER)
    for name, key in (
        ("encoder.onnx", "encoder_macs_per_frame"),
        ("decoder_fast.onnx", "decoder_fast_macs_per_frame"),
        ("decoder.onnx", "decoder_macs_per_frame_per_step"),
    ):
        macs = sum(op.macs for op in operators_of(shaped(bundle.file(name), SHAPES[name])))
        # torch counts the products with the zeros of padding too: some of each window's ends.
        assert 0.9 < macs / 24 / bundle.manifest.operations[key] < 1


def test_a_graph_worked_out_on_paper(write_graph: Write) -> None:
    path = write_graph(
        [
            helper.make_node("Cast", ["half"], ["net.weight"], to=1),
            helper.make_node("Conv", ["x", "net.weight", "bias"], ["y"], "conv", pads=[1, 1]),
            helper.make_node("Elu", ["y"], ["z"], "elu"),
            helper.make_node("Add", ["z", "z"], ["sum"], "add"),
            helper.make_node("Transpose", ["sum"], ["turned"], "turn", perm=[0, 2, 1]),
            helper.make_node("Softmax", ["turned"], ["shares"], "softmax"),
            helper.make_node("Unsqueeze", ["shares", "axis"], ["out"], "view"),
        ],
        {
            "half": np.ones((3, 2, 3), np.float16),
            "bias": np.zeros(3, np.float32),
            "axis": np.array([0]),
        },
        {"x": 3},
        ["out"],
    )
    found = {op.output: op for op in operators_of(shaped(path, {"x": (1, 2, 10)}))}
    conv = found["y"]
    assert (conv.layer, conv.macs, conv.arithmetic) == ("net", 3 * 2 * (9 + 10 + 9), 30)
    assert (conv.weight_bytes, conv.read_bytes, conv.written_bytes) == (84, 80, 120)
    assert conv.units == 30
    assert (found["z"].functions, found["z"].arithmetic) == (30, 0)
    assert (found["sum"].arithmetic, found["sum"].read_bytes) == (30, 240)
    assert (found["turned"].verdict, found["turned"].arithmetic) == ("moves data", 0)
    assert (found["shares"].arithmetic, found["shares"].functions) == (90, 60)
    assert (found["out"].verdict, found["out"].written_bytes) == ("free", 0)
    assert found["net.weight"].verdict == "constant"
    double = summed([(tuple(found.values()), 2)])
    assert [op.macs for op in double] == [2 * op.macs for op in found.values()]


@pytest.mark.parametrize(("kind", "domain"), [("Einsum", ""), ("Add", "own"), ("GRU", "")])
def test_what_has_no_rule_is_named(write_graph: Write, kind: str, domain: str) -> None:
    words = {"Einsum": {"equation": "a,a->a"}, "GRU": {"hidden_size": 2}}.get(kind, {})
    constants = {"w": np.ones((1, 6, 2), np.float32), "r": np.ones((1, 6, 2), np.float32)}
    given = {"GRU": ["x", "w", "r"]}.get(kind, ["x", "x"])
    rank = 3 if kind == "GRU" else 1
    node = helper.make_node(kind, given, ["y"], "odd", domain=domain, **words)
    path = write_graph([node], constants, {"x": rank}, ["y"])
    if domain:
        with pytest.raises(GraphError, match="Add odd has tensors of unknown shape"):
            operators_of(shaped(path, {"x": (3,)}))
        return
    (found,) = operators_of(shaped(path, {"x": (3, 1, 2)[:rank]}))
    assert (found.verdict, found.macs) == ("unknown", 0)


def test_who_hears_a_tensor(toy_bundle: Bundle) -> None:
    graph = shaped(toy_bundle.file("encoder.onnx"), {"audio": (1, 1, 4 * 512)})
    after = [node.op_type for node in graph.nodes if node.output[0] in downstream(graph, "payload")]
    assert {node.op_type for node in listeners(graph, "payload")} == {"MatMul"}
    assert "Conv" not in after
    shipped = shaped(open_bundle(PAPER).file("decoder_fast.onnx"), SHAPES["decoder_fast.onnx"])
    assert [node.name for node in listeners(shipped, "events")] == ["node_conv2d"]


def test_a_file_that_is_no_graph_is_refused(tmp_path: Path, toy_bundle: Bundle) -> None:
    (tmp_path / "x.onnx").write_bytes(b"no graph")
    with pytest.raises(GraphError, match=r"x.onnx: is not a graph"):
        shaped(tmp_path / "x.onnx", {})
    with pytest.raises(GraphError, match=r"has the inputs \['audio'\], not \['sound'\]"):
        shaped(toy_bundle.file("encoder.onnx"), {"sound": (1, 1, 512)})
    with pytest.raises(GraphError, match="audio has 3 dimensions, not 2"):
        shaped(toy_bundle.file("encoder.onnx"), {"audio": (1, 512)})
