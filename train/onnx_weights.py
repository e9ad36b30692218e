"""Read the weights of a bundle's ONNX graphs, which have the same names as in torch."""

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from runtime.bundle import Bundle


def read_weights(bundle: Bundle, file: str) -> dict[str, torch.Tensor]:
    """The tensors of one graph by name, float32; raises BundleError when the file is missing."""
    graph = onnx.load(str(bundle.file(file))).graph
    return {
        tensor.name.removesuffix(".half"): torch.from_numpy(
            numpy_helper.to_array(tensor).astype(np.float32)
        )
        for tensor in graph.initializer
        if tensor.dims
    }
