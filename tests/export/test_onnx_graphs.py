import numpy as np
import onnx
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from onnx import TensorProto, helper
from onnxruntime import InferenceSession

from export.onnx_graphs import take_elu_apart

OF_ANY_LENGTH = [
    helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")
]
FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def elus() -> onnx.ModelProto:
    """Two of them, one behind the other."""
    nodes = [helper.make_node("Elu", [a], [b]) for a, b in (("x", "inner"), ("inner", "y"))]
    graph = helper.make_graph(nodes, "elus", OF_ANY_LENGTH[:1], OF_ANY_LENGTH[1:])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


def apart() -> onnx.ModelProto:
    model = elus()
    take_elu_apart(model)
    onnx.checker.check_model(model, full_check=True)
    return model


WHOLE, APART = (InferenceSession(model.SerializeToString()) for model in (elus(), apart()))


@given(arrays(np.float32, st.integers(1, 50), elements=FLOATS))
def test_an_elu_taken_apart_is_the_same(x: np.ndarray) -> None:
    whole, parts = (session.run(None, {"x": x})[0] for session in (WHOLE, APART))
    np.testing.assert_allclose(parts, whole, rtol=1e-6, atol=2e-7)


def test_nothing_is_left_of_it_and_other_graphs_stay() -> None:
    once = apart()
    assert {node.op_type for node in once.graph.node} == {"Min", "Exp", "Sub", "Max"}
    again = onnx.ModelProto.FromString(once.SerializeToString())
    take_elu_apart(again)
    assert again == once
