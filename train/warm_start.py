"""Start a training from the weights of another: a whole run, or the trunk of a bundle.

The trunk is the encoder and the waveform decoder without the layers next to the code: the
bottleneck and the decoder's first layer start at random. So every kind of code can start from the
same weights, and none has an advantage. Groups that inhibit each other start from the bundle's own
code, too, if it has such groups, so that a shipped model can be trained further.
"""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from runtime.bundle import DECODER_FAST, ENCODER, PAPER, Bundle, open_bundle
from runtime.errors import ConfigError
from train import checkpoint as checkpoints
from train.networks import spectral
from train.networks.bottleneck import PAYLOAD_SCALE
from train.networks.inhibition import PRICED, Inhibition
from train.networks.model import Model
from train.networks.seanet import Encoder
from train.onnx_weights import read_weights
from train.read_back import read_code

SHIPPED = "shipped"


def start_from(model: Model, name: str) -> None:
    """Load a run's networks, or the trunk of a bundle, into a model, in place.

    `name` is the folder of a run or of a bundle, or `shipped`. Raises CheckpointError for a bad
    run, BundleError for a bad bundle, ConfigError if its networks have other sizes.
    """
    if name != SHIPPED and (Path(name) / checkpoints.NAME).exists():
        _whole(model, Path(name))
    else:
        _trunk(model, open_bundle(PAPER if name == SHIPPED else Path(name)))


def _whole(model: Model, run: Path) -> None:
    try:
        _load(model, checkpoints.load(run).part("model"))
    except RuntimeError as error:
        raise ConfigError(
            f"start_from: {run} holds networks of other kinds or sizes; start from a run of the "
            "same preset and kind of code"
        ) from error


def _load(model: Model, weights: dict[str, Tensor]) -> None:
    """Load all weights of a model; a code that pays for its events may start from one that did not.

    Raises RuntimeError if the networks are others.
    """
    if isinstance(model.bottleneck, Inhibition):
        own = model.bottleneck.state_dict(prefix="bottleneck.")
        weights = {name: own[name] for name in own if name.endswith(PRICED)} | weights
    model.load_state_dict(weights)


def _trunk(model: Model, bundle: Bundle) -> None:
    if isinstance(model.waveform, spectral.Decoder):
        _spectral(model, model.waveform, bundle)
        return
    if isinstance(model.encoder, Encoder):
        _put(model.encoder, read_weights(bundle, ENCODER), "encoder.", bundle)
        last: Any = model.encoder.layers[-1].convolution
        with torch.no_grad():  # a bundle's encoder gives payloads, not standard deviations
            last.weight = last.weight / PAYLOAD_SCALE
            last.bias /= PAYLOAD_SCALE
    weights = read_weights(bundle, DECODER_FAST)
    first = "layers.0.convolution"
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith(first)}
    _put(model.waveform, kept, "", bundle, but=first)


@torch.no_grad()
def _spectral(model: Model, waveform: spectral.Decoder, bundle: Bundle) -> None:
    """The trunk at the frame rate, and the code if it is one of groups."""
    encoder, decoder = read_weights(bundle, ENCODER), read_weights(bundle, DECODER_FAST)
    prefix = "waveform." if "waveform.first.weight" in decoder else ""
    _copy(model.encoder, encoder, "encoder.", bundle)
    _copy(waveform, decoder, prefix, bundle)
    last: Any = model.encoder.last
    for parameter in last.parameters():  # a bundle's encoder gives payloads
        parameter /= PAYLOAD_SCALE
    if isinstance(model.bottleneck, Inhibition):
        read_code(model.bottleneck, waveform, bundle, encoder, decoder)


def _copy(network: nn.Module, weights: dict[str, Tensor], prefix: str, bundle: Bundle) -> None:
    """Copy all parameters but those of a decoder's first layer."""
    for name, parameter in network.named_parameters():
        if isinstance(network, spectral.Decoder) and name.startswith("first."):
            continue
        parameter.copy_(_found(weights, f"{prefix}{name}", parameter, bundle))


def _found(weights: dict[str, Tensor], key: str, own: Tensor, bundle: Bundle) -> Tensor:
    if key not in weights or weights[key].shape != own.shape:
        raise ConfigError(
            f"start_from: {bundle.path} has no {key} of {tuple(own.shape)}; "
            "start from a bundle of the same preset"
        )
    return weights[key]


@torch.no_grad()
def _put(
    network: nn.Module, weights: dict[str, Tensor], prefix: str, bundle: Bundle, but: str = "-"
) -> None:
    for name, module in network.named_modules():
        if not isinstance(module, nn.Conv2d | nn.ConvTranspose2d) or name.startswith(but):
            continue
        for kind in ("weight", "bias"):
            own = getattr(module, kind)
            found = _found(weights, f"{prefix}{name}.{kind}", own, bundle)
            # Assigning a weight-normalised weight splits it into direction and length.
            if kind == "weight":
                module.weight = found
            else:
                own.copy_(found)
