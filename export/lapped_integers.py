"""The lapped code as one integer ONNX graph, from a chip's payloads to the events."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

from runtime.lapped import chip

OPSET = 20


def integer_graph(units: chip.Units, levels: int) -> onnx.ModelProto:
    """All units up to `levels` as a graph with the same result in any ONNX runtime.

    Inputs: `payload (T, 2 hop) int8` of the samples and `steps (T, levels) int32`, the payload of
    each level (`chip.level_payloads`). Output: `events (T, 2 levels bins) bool` in the order of
    the units of an event matrix.
    """
    weight = chip.dictionary(units.bins, units.hop).T.astype(np.int8)
    theta = np.stack([units.row(level) for level in range(levels)]).astype(np.int32)
    constants: dict[str, npt.NDArray[Any]] = {
        "weight": weight,
        "dropped": np.array(1 << chip.SHIFT, np.int32),
        "theta": theta[None],
        "level_axis": np.array([1], np.int64),
        "bin_axis": np.array([2], np.int64),
        "sign_axis": np.array([3], np.int64),
        "flat": np.array([0, 2 * levels * units.bins], np.int64),
    }
    nodes = [
        helper.make_node("MatMulInteger", ["payload", "weight"], ["sum"]),
        helper.make_node("Mod", ["sum", "dropped"], ["low"]),  # sign as divisor: floors
        helper.make_node("Sub", ["sum", "low"], ["high"]),
        helper.make_node("Div", ["high", "dropped"], ["accumulator"]),
        helper.make_node("Unsqueeze", ["accumulator", "level_axis"], ["positive"]),
        helper.make_node("Neg", ["positive"], ["negative"]),
        helper.make_node("Unsqueeze", ["steps", "bin_axis"], ["step"]),
        helper.make_node("Mul", ["step", "theta"], ["threshold"]),
        helper.make_node("Greater", ["positive", "threshold"], ["up"]),
        helper.make_node("Greater", ["negative", "threshold"], ["down"]),
        helper.make_node("Unsqueeze", ["up", "sign_axis"], ["ups"]),
        helper.make_node("Unsqueeze", ["down", "sign_axis"], ["downs"]),
        helper.make_node("Concat", ["ups", "downs"], ["pairs"], axis=3),
        helper.make_node("Reshape", ["pairs", "flat"], ["events"]),
    ]
    graph = helper.make_graph(
        nodes,
        "lapped",
        [
            helper.make_tensor_value_info("payload", TensorProto.INT8, ["T", 2 * units.hop]),
            helper.make_tensor_value_info("steps", TensorProto.INT32, ["T", levels]),
        ],
        [helper.make_tensor_value_info("events", TensorProto.BOOL, ["T", 2 * levels * units.bins])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
    onnx.checker.check_model(model)
    return model


def sums_graph() -> onnx.ModelProto:
    """The product of all accumulators, `runtime/lapped/sums.onnx`.

    Inputs: `payload (T, n) uint8`, raised by 128, and `dictionary (n, bins) int8`. Output: `sum`.
    """
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["payload", "dictionary", "zero"], ["sum"])],
        "sums",
        [
            helper.make_tensor_value_info("payload", TensorProto.UINT8, ["T", "n"]),
            helper.make_tensor_value_info("dictionary", TensorProto.INT8, ["n", "bins"]),
        ],
        [helper.make_tensor_value_info("sum", TensorProto.INT32, ["T", "bins"])],
        [numpy_helper.from_array(np.array(128, np.uint8), "zero")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
