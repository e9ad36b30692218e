"""Read a code of groups back from a bundle, so that training can go on from it.

A bundle has what a chip computes, in integers, each unit at a scale of its own, and a decoder that
takes the events. Together they tell what the units read of the latent, what their events represent
in it, and the price of an event.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.exact import ExactLayer
from neuromorphic.integers.layer import PAYLOAD_MAX
from neuromorphic.integers.network import INPUT
from neuromorphic.integers.nir_forms import layers_of
from runtime.bundle import EXACT, Bundle
from runtime.errors import ConfigError
from train.networks.bottleneck import PAYLOAD_SCALE
from train.networks.inhibition import SHIFT, Inhibition
from train.networks.price import CHANNELS
from train.networks.spectral import Decoder

TAKEN = math.sqrt(2 / math.pi)  # the mean size of a normal variable: what an event takes of it

Weights = Mapping[str, Tensor]


@torch.no_grad()
def read_code(
    code: Inhibition, waveform: Decoder, bundle: Bundle, encoder: Weights, decoder: Weights
) -> None:
    """Load a bundle's code, and the first layer of its waveform decoder, which hears the code.

    `encoder` and `decoder` are the weights of the bundle's graphs. A code that pays for events may
    start from one that does not. Raises ConfigError for a code of other sizes, or one without
    sweeps, or with one price for all rates.
    """
    layers = layers_of(read_graph(bundle.file(EXACT)))
    has_mu = "after.silent" in decoder
    _require(code, bundle, has_mu)
    first, sweep = layers[: code.groups], layers[code.groups : 2 * code.groups]
    rows = _on_payload(sweep)
    code.take.copy_(_represented(rows[:, : code.take.shape[1]], _on_events(sweep, code)))
    silent = -code.take.sum(0)
    if has_mu and code.offset is not None and code.told is not None:
        code.offset.copy_(decoder["after.silent"] - silent)
        _read_price(code, rows, encoder["price.table.weight"], decoder["after.told.weight"])
        entry, bias = (decoder[f"waveform.first.{name}"] for name in ("weight", "bias"))
    else:
        entry = decoder["first.weight"] @ torch.linalg.pinv(2 * code.take.T)
        bias = decoder["first.bias"] - entry @ silent
    waveform.first.weight.copy_(entry)
    waveform.first.bias.copy_(bias)
    _read_first(code, first)
    norm = code.latent_norm  # the encoder of a bundle gives a normal latent
    for buffer, value in ((norm.running_mean, 0.0), (norm.running_var, 1 - norm.eps)):
        assert buffer is not None
        buffer.fill_(value)
    assert norm.num_batches_tracked is not None
    norm.num_batches_tracked.fill_(1)
    code.ready.fill_(True)


def _require(code: Inhibition, bundle: Bundle, has_mu: bool) -> None:
    config = bundle.manifest.training.get("config", {}).get("code", {})
    wanted = {"groups": code.groups, "units": len(code.take), "latent": code.take.shape[1]}
    if any(config.get(name) != value for name, value in wanted.items()) or not config["sweeps"]:
        sizes = ", ".join(f"{name} {value}" for name, value in wanted.items())
        raise ConfigError(
            f"start_from: {bundle.path} has no code of {sizes} with sweeps; "
            "start from a bundle of the same preset"
        )
    if bundle.manifest.kind == "SPARSE" or (has_mu != code.hears_price and has_mu):
        raise ConfigError(
            f"start_from: the {bundle.manifest.kind} code of {bundle.path} cannot be read back "
            "into this one; start from a FREE or MU_SPARSE bundle, or from a run"
        )


def _represented(rows: Tensor, on_events: Tensor) -> Tensor:
    """What each event adds to the latent, `(N, M)`, as the rows that a sweep reads, scaled.

    In a sweep, the weight of unit j at unit i is minus the product of the row of i and of what j
    represents, and that is the row of j at an unknown scale.
    """
    others = ~torch.eye(len(rows), dtype=torch.bool)
    alike = rows @ rows.T * others
    scale = -(alike * on_events).sum(0) / alike.square().sum(0)
    return rows * scale[:, None]


def _read_first(code: Inhibition, layers: Sequence[ExactLayer]) -> None:
    """The rows and thresholds of the first pass, at the scale at which training begins."""
    rows = _on_payload(layers)[:, : code.take.shape[1]]
    scale = TAKEN / (rows * code.take).sum(1).clamp(min=1e-6)
    code.read.copy_(rows * scale[:, None])
    group = torch.arange(len(rows)) // code.size
    explained = (code.read @ code.take.T) * (group[None] < group[:, None])
    mantissa = torch.from_numpy(np.concatenate([layer.bias for layer in layers])).float()
    code.bias.copy_(mantissa * 2**SHIFT / PAYLOAD_SCALE * scale - explained.sum(1))
    if code.offset is not None:
        code.bias.add_(code.read @ code.offset)


def _read_price(code: Inhibition, rows: Tensor, payloads: Tensor, told: Tensor) -> None:
    """The price of an event at each mu, and what the decoder hears of mu besides the events."""
    assert code.price is not None
    assert code.told is not None
    latent = code.take.shape[1]
    scale = PAYLOAD_SCALE * (rows[:, :latent] * code.take).sum(1) / code.take.square().sum(1)
    raised = -(rows[:, latent:].mean(1) / scale).mean() * CHANNELS * PAYLOAD_MAX
    highest = raised * 4 * len(rows) / latent
    mus = code.price.mus()
    code.price.value.copy_(highest * payloads[mus].sum(1) / (CHANNELS * PAYLOAD_MAX))
    code.price.wanted.copy_(code.price.final)
    code.told.weight.copy_(told[mus])


def _on_payload(layers: Sequence[ExactLayer]) -> Tensor:
    """The weights of all units on the payload, `(N, M)`."""
    parts = [arm.weight for layer in layers for arm in layer.arms if arm.source == INPUT]
    return torch.from_numpy(np.concatenate(parts)).float()


def _on_events(layers: Sequence[ExactLayer], code: Inhibition) -> Tensor:
    """The weights of all units on the events of each, `(N, N)`, in units of those on the payload.

    Layers of the first pass come first, then those of the sweep, one for each group.
    """
    found = torch.zeros(len(code.take), len(code.take))
    for group, layer in enumerate(layers):
        units = slice(group * code.size, (group + 1) * code.size)
        for arm in layer.arms:
            if arm.source != INPUT:
                start = arm.source % code.groups * code.size
                weight = torch.from_numpy(arm.weight).float() * 2.0**arm.exponent
                found[units, start : start + code.size] = weight
    return found
