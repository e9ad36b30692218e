"""The three ONNX graphs of a bundle, exported from torch with every length dynamic."""

import logging
import warnings
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from neuromorphic.integer import PAYLOAD_MAX, IntegerLayer
from train.config import HOP
from train.networks.bottleneck import PAYLOAD_SCALE, integer_events
from train.networks.layers import Convolution
from train.networks.model import Model
from train.networks.seanet import fold
from train.networks.unet import UNet

OPSET = 20  # from 21 on ONNX Runtime decomposes GroupNormalization into slower pieces
FRAMES = 16  # example length; a multiple of the U-Net's 4 frames

Network = TypeVar("Network", bound=nn.Module)


class PayloadEncoder(nn.Module):
    """`audio: (B, 1, T * hop)` to the chip's `payload: (B, M, T)` and its `events: (B, N, T)`."""

    def __init__(self, encoder: nn.Module, layer: IntegerLayer) -> None:
        super().__init__()
        self.encoder, self.layer = encoder, layer

    def forward(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        payload = self.encoder(audio).round().clamp(-PAYLOAD_MAX, PAYLOAD_MAX)
        return payload, integer_events(payload, self.layer)


def deployed_encoder(model: Model, layer: IntegerLayer) -> PayloadEncoder:
    """The encoder as it ships: weight norm and payload scale folded, weights rounded to fp16.

    The rounding happens here, so that torch, ONNX and every other copy hold the same weights.
    The model's own encoder is changed in place, as in the two functions below.
    """
    encoder = fold(model.encoder)
    last = list(encoder.layers)[-1]
    norm = model.bottleneck.latent_norm
    if not isinstance(last, Convolution) or norm.running_var is None or norm.running_mean is None:
        raise TypeError(
            "the encoder does not end in a convolution, or the latent norm has no statistics"
        )
    scale = PAYLOAD_SCALE / torch.sqrt(norm.running_var.double() + norm.eps)
    convolution = last.convolution
    with torch.no_grad():
        convolution.weight.copy_(convolution.weight.double() * scale[:, None, None, None])
        convolution.bias.copy_((convolution.bias.double() - norm.running_mean) * scale)
    return PayloadEncoder(_half(encoder), layer)


def deployed_waveform(model: Model) -> nn.Module:
    """The waveform decoder as it ships."""
    return _half(fold(model.waveform))


def deployed_unet(model: Model) -> UNet:
    """The U-Net as it ships."""
    return _half(model.unet)


def _half(module: Network) -> Network:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.half().float())
    return module.eval()


def export_encoder(encoder: PayloadEncoder, path: Path) -> None:
    """Write `encoder.onnx`: audio to payload and events."""
    frames, batch = torch.export.Dim("frames", min=2), torch.export.Dim("batch", min=1)
    _export(
        encoder,
        (torch.zeros(2, 1, HOP * FRAMES),),
        ["audio"],
        ["payload", "events"],
        ({0: batch, 2: HOP * frames},),
        path,
    )


def export_waveform(decoder: nn.Module, units: int, path: Path) -> None:
    """Write `decoder_fast.onnx`: events to audio."""
    frames, batch = torch.export.Dim("frames", min=2), torch.export.Dim("batch", min=1)
    _export(
        decoder,
        (torch.zeros(2, units, FRAMES),),
        ["events"],
        ["audio"],
        ({0: batch, 2: frames},),
        path,
    )


def export_unet(unet: UNet, units: int, path: Path) -> None:
    """Write `decoder.onnx`: one denoising step."""
    blocks, batch = torch.export.Dim("blocks", min=2), torch.export.Dim("batch", min=1)
    long, code = {0: batch, 2: 4 * HOP * blocks}, {0: batch, 2: 4 * blocks}
    # Two tensors: the exporter makes one input of a tensor that is given twice.
    sample, base = torch.zeros(2, 1, HOP * FRAMES), torch.ones(2, 1, HOP * FRAMES)
    _export(
        unet,
        (sample, torch.zeros(2), torch.zeros(2, units, FRAMES), base),
        ["sample", "sigma", "events", "base"],
        ["velocity"],
        (long, {0: batch}, code, long),
        path,
    )


def _export(
    module: nn.Module,
    inputs: tuple[Tensor, ...],
    names: list[str],
    outputs: list[str],
    dynamic: tuple[dict[int, Any], ...],
    path: Path,
) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            inputs,
            input_names=names,
            output_names=outputs,
            dynamic_shapes=dynamic,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    graph = program.model_proto
    strip(graph)
    store_half(graph)
    onnx.checker.check_model(graph)
    path.write_bytes(graph.SerializeToString())


def strip(model: onnx.ModelProto) -> None:
    """Drop what the exporter notes for debugging, in place: half of the file, and local paths."""
    graph = model.graph
    for part in [*graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output]:
        part.doc_string = ""
        del part.metadata_props[:]
    del graph.value_info[:]
    del graph.metadata_props[:], model.metadata_props[:]
    for function in model.functions:
        raise TypeError(f"the exporter left a function in the graph: {function.name}")


def store_half(model: onnx.ModelProto) -> None:
    """Store float32 weights as fp16 with a cast behind each, where that loses nothing, in place."""
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        if weight.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        half = values.astype(np.float16)
        if values.size < 64 or not np.array_equal(half.astype(np.float32), values):
            continue
        graph.initializer.remove(weight)
        graph.initializer.append(numpy_helper.from_array(half, f"{weight.name}.half"))
        casts.append(
            helper.make_node("Cast", [f"{weight.name}.half"], [weight.name], to=TensorProto.FLOAT)
        )
    for cast in reversed(casts):
        graph.node.insert(0, cast)
