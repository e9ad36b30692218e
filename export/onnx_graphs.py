"""Export the three ONNX graphs of a bundle from torch, with dynamic lengths."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from onnx_ir import Node
from onnxscript.optimizer import optimize_ir
from torch import Tensor, nn

from export.fourier import MatrixFourier
from neuromorphic.integers.exact import ExactLayer
from neuromorphic.integers.layer import PAYLOAD_MAX
from train.config import HOP, MUS
from train.networks import spectral
from train.networks.bottleneck import PAYLOAD_SCALE, network_events
from train.networks.inhibition import Inhibition
from train.networks.model import Model
from train.networks.price import PriceChannels
from train.networks.seanet import fold

OPSET = 20  # from 21 on ONNX Runtime decomposes GroupNormalization into slower pieces
FRAMES = 16  # example length; a multiple of the U-Net's 4 frames

Network = TypeVar("Network", bound=nn.Module)
Inputs = dict[str, tuple[Tensor, dict[int, Any]]]  # an example of each, and its dynamic dimensions


class PayloadEncoder(nn.Module):
    """`audio: (B, 1, T * hop)` to the chip's `payload: (B, M, T)` and its `events: (B, N, T)`.

    MU_SPARSE also takes `mu: (B,)` int64.
    """

    def __init__(
        self,
        encoder: nn.Module,
        before: nn.Module | None,
        price: PriceChannels | None,
        layers: Sequence[ExactLayer],
    ) -> None:
        super().__init__()
        self.encoder, self.before, self.price = encoder, before, price
        self.layers = tuple(layers)

    def forward(self, audio: Tensor, mu: Tensor | None = None) -> tuple[Tensor, Tensor]:
        latent = self.encoder(audio)
        if self.before is not None:
            latent = self.before(latent, mu)
        payload = latent.round().clamp(-PAYLOAD_MAX, PAYLOAD_MAX)
        if self.price is not None:
            payload = self.price(payload, mu)
        return payload, network_events(payload, self.layers)


class Heard(nn.Module):
    """`events: (B, N, T)` to the latent that they represent, `(B, M, T)`."""

    take: Tensor
    silent: Tensor

    def __init__(self, code: Inhibition) -> None:
        super().__init__()
        take, silent = _heard(code)
        self.register_buffer("take", take)
        self.register_buffer("silent", silent)
        self.told = _told(code)

    def forward(self, events: Tensor, mu: Tensor | None) -> Tensor:
        heard = F.conv1d(events, self.take.T.unsqueeze(2), self.silent)
        return heard if self.told is None else heard + self.told(mu).unsqueeze(2)


class HearingWaveform(nn.Module):
    """`events: (B, N, T)` (and `mu: (B,)`) to audio, through the context network."""

    def __init__(self, after: nn.Module, waveform: nn.Module) -> None:
        super().__init__()
        self.after, self.waveform = after, waveform

    def forward(self, events: Tensor, mu: Tensor | None = None) -> Tensor:
        audio: Tensor = self.waveform(self.after(events, mu))
        return audio


class HearingUNet(nn.Module):
    """A `UNet` that takes `events: (B, N, T)` (and `mu: (B,)`) through the context network."""

    def __init__(self, after: nn.Module | None, unet: nn.Module) -> None:
        super().__init__()
        self.after, self.unet = after, unet

    def forward(
        self, sample: Tensor, sigma: Tensor, events: Tensor, base: Tensor, mu: Tensor | None = None
    ) -> Tensor:
        heard = events if self.after is None else self.after(events, mu)
        velocity: Tensor = self.unet(sample, sigma, heard, base)
        return velocity


def deployed_encoder(model: Model, layers: Sequence[ExactLayer]) -> PayloadEncoder:
    """The encoder to deploy: weight norm and payload scale folded, weights rounded to fp16.

    Rounding here makes torch, ONNX and every other copy hold the same weights. This changes the
    model's own encoder in place; the two functions below do likewise.
    """
    encoder: Any = fold(model.encoder)
    if isinstance(encoder, spectral.Encoder):
        _for_onnx_runtime(encoder)
        last: Any = encoder.last
    else:
        last = encoder.layers[-1].convolution
    if model.before is not None:
        last = model.before.last
    norm: Any = model.bottleneck.latent_norm
    scale = PAYLOAD_SCALE / torch.sqrt(norm.running_var.double() + norm.eps)
    with torch.no_grad():
        rows = scale.view(-1, *[1] * (last.weight.dim() - 1))
        last.weight.copy_(last.weight.double() * rows)
        last.bias.copy_((last.bias.double() - norm.running_mean) * scale)
    before = None if model.before is None else _half(model.before)
    return PayloadEncoder(_half(encoder), before, _price_channels(model.bottleneck), layers)


def _price_channels(code: nn.Module) -> PriceChannels | None:
    if not isinstance(code, Inhibition) or code.price is None or not code.hears_price:
        return None
    channels = PriceChannels()
    channels.table.weight.data = code.price.payloads()
    return channels


def deployed_waveform(model: Model) -> nn.Module:
    """The waveform decoder to deploy, which takes events even if it was trained on their latent."""
    waveform: Any = fold(model.waveform)
    if isinstance(waveform, spectral.Decoder):
        _for_onnx_runtime(waveform)
        code = model.bottleneck
        if isinstance(code, Inhibition) and code.told is not None:
            return HearingWaveform(Heard(code), _half(waveform))
        if isinstance(code, Inhibition):
            waveform.first = _hearing_events(waveform.first, code)
    waveform = _half(waveform)
    return waveform if model.after is None else HearingWaveform(_half(model.after), waveform)


def _for_onnx_runtime(trunk: spectral.Encoder | spectral.Decoder) -> None:
    """Use the forms of the same computations that ONNX Runtime has, and has fastest."""
    trunk.fourier = MatrixFourier(len(trunk.taper))
    for block in trunk.modules():
        if isinstance(block, spectral.Block):
            block.convolved = True


@torch.no_grad()
def _hearing_events(first: nn.Linear, code: Inhibition) -> nn.Linear:
    """Fold what a code represents into a layer, which then takes the events themselves."""
    take, silent = _heard(code)
    weight = first.weight.double()
    made = nn.Linear(len(take), first.out_features)
    made.weight.copy_(weight @ take.double().T)
    made.bias.copy_(first.bias.double() + weight @ silent.double())
    return made


def _heard(code: Inhibition) -> tuple[Tensor, Tensor]:
    """What each event adds to the latent, `(N, M)`, and the latent without any, `(M,)`."""
    return 2 * code.take.detach(), code.hear(code.take.new_zeros(1, len(code.take), 1))[0, :, 0]


def _told(code: Inhibition) -> nn.Embedding | None:
    """What decoders hear of each mu besides the events."""
    if code.told is None or code.price is None:
        return None
    rows = code.told(code.price.row(torch.arange(MUS)))
    return nn.Embedding.from_pretrained(rows.detach())


def deployed_unet(model: Model) -> nn.Module:
    """The U-Net to deploy."""
    after: nn.Module | None = None if model.after is None else _half(model.after)
    if isinstance(model.bottleneck, Inhibition):
        after = Heard(model.bottleneck)
    return HearingUNet(after, _half(model.unet))


def _half(module: Network) -> Network:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(parameter.half().float())
    return module.eval()


def export_encoder(encoder: PayloadEncoder, path: Path, with_mu: bool) -> None:
    """Write `encoder.onnx`: audio to payload and events."""
    frames, batch = torch.export.Dim("frames", min=2), torch.export.Dim("batch", min=1)
    inputs = {"audio": (torch.zeros(2, 1, HOP * FRAMES), {0: batch, 2: HOP * frames})}
    exported(encoder, inputs | _mu(with_mu, batch), ["payload", "events"], path)


def export_waveform(decoder: nn.Module, units: int, path: Path, with_mu: bool) -> None:
    """Write `decoder_fast.onnx`: events to audio."""
    frames, batch = torch.export.Dim("frames", min=2), torch.export.Dim("batch", min=1)
    inputs = {"events": (torch.zeros(2, units, FRAMES), {0: batch, 2: frames})}
    exported(decoder, inputs | _mu(with_mu, batch), ["audio"], path)


def export_unet(unet: nn.Module, units: int, path: Path, with_mu: bool) -> None:
    """Write `decoder.onnx`: one denoising step."""
    blocks, batch = torch.export.Dim("blocks", min=2), torch.export.Dim("batch", min=1)
    long, code = {0: batch, 2: 4 * HOP * blocks}, {0: batch, 2: 4 * blocks}
    # Two tensors, since the exporter would merge inputs that are the same tensor.
    sample, base = torch.zeros(2, 1, HOP * FRAMES), torch.ones(2, 1, HOP * FRAMES)
    inputs = {
        "sample": (sample, long),
        "sigma": (torch.zeros(2), {0: batch}),
        "events": (torch.zeros(2, units, FRAMES), code),
        "base": (base, long),
    }
    exported(unet, inputs | _mu(with_mu, batch), ["velocity"], path)


def _mu(with_mu: bool, batch: Any) -> Inputs:
    return {"mu": (torch.tensor([8, 16]), {0: batch})} if with_mu else {}


def exported(module: nn.Module, inputs: Inputs, outputs: list[str], path: Path) -> None:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            module,
            tuple(example for example, _ in inputs.values()),
            input_names=list(inputs),
            output_names=outputs,
            dynamic_shapes=tuple(dynamic for _, dynamic in inputs.values()),
            opset_version=OPSET,
            dynamo=True,
            optimize=False,
            external_data=False,
            verbose=False,
        )
    assert program is not None
    names = {name for name, _ in module.named_parameters()}
    optimize_ir(
        program.model, should_fold=lambda node: None if names.isdisjoint(_read(node)) else False
    )
    graph = program.model_proto
    strip(graph)
    take_elu_apart(graph)
    store_half(graph)
    onnx.checker.check_model(graph)
    path.write_bytes(graph.SerializeToString())


def _read(node: Node) -> set[str | None]:
    """The names of a node's inputs. Weights are not folded, since they are read by name later."""
    return {value.name for value in node.inputs if value is not None}


def strip(model: onnx.ModelProto) -> None:
    """Remove debugging information, in place: it is half of the file and holds local paths."""
    graph = model.graph
    for part in [*graph.node, *graph.value_info, *graph.initializer, *graph.input, *graph.output]:
        part.doc_string = ""
        del part.metadata_props[:]
    del graph.value_info[:]
    del graph.metadata_props[:], model.metadata_props[:]
    for function in model.functions:
        raise TypeError(f"the exporter left a function in the graph: {function.name}")


def take_elu_apart(model: onnx.ModelProto) -> None:
    """Compute ELU as `max(x, exp(min(x, 0)) - 1)`, in place.

    ONNX Runtime computes these four operators faster than the single one, which makes encoder and
    waveform decoder 1.4 times as fast.
    """
    graph, nodes = model.graph, list[onnx.NodeProto]()
    constants = [
        numpy_helper.from_array(np.array(value, np.float32), f"elu.{value}") for value in (0, 1)
    ]
    zero, one = (constant.name for constant in constants)
    for node in graph.node:
        if node.op_type != "Elu":
            nodes.append(node)
            continue
        (given,), (result,) = node.input, node.output
        below, grown, negative = (f"{result}.{part}" for part in ("below", "grown", "negative"))
        nodes += [
            helper.make_node("Min", [given, zero], [below]),
            helper.make_node("Exp", [below], [grown]),
            helper.make_node("Sub", [grown, one], [negative]),
            helper.make_node("Max", [given, negative], [result]),
        ]
    if len(nodes) > len(graph.node):
        graph.initializer.extend(constants)
        del graph.node[:]
        graph.node.extend(nodes)


def store_half(model: onnx.ModelProto) -> None:
    """Store float32 weights as fp16 followed by a cast, if that is lossless, in place."""
    graph = model.graph
    casts = []
    for weight in list(graph.initializer):
        if weight.data_type != TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(weight)
        with np.errstate(over="ignore"):  # thresholds of the code reach beyond fp16
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
