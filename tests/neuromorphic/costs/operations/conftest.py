"""Small ONNX graphs made by hand."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

Write = Callable[..., Path]


@pytest.fixture
def write_graph(tmp_path: Path) -> Write:
    """Return a function from nodes, constants, inputs (name to rank) and outputs to a file."""

    def write(
        nodes: Sequence[onnx.NodeProto],
        constants: Mapping[str, Any],
        inputs: Mapping[str, int],
        outputs: Sequence[str],
    ) -> Path:
        graph = helper.make_graph(
            nodes,
            "graph",
            [
                helper.make_tensor_value_info(
                    name, TensorProto.FLOAT, [f"{name}{axis}" for axis in range(rank)]
                )
                for name, rank in inputs.items()
            ],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            [numpy_helper.from_array(np.asarray(value), key) for key, value in constants.items()],
        )
        path = tmp_path / "graph.onnx"
        opset = [helper.make_opsetid("", 20), helper.make_opsetid("own", 1)]
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=9), path)
        return path

    return write
