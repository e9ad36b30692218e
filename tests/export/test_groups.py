"""The encoder of a code whose groups of units inhibit each other, as ONNX Runtime computes it."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from export.onnx_graphs import deployed_encoder, deployed_waveform, export_encoder
from neuromorphic.integers.exact import network_of
from neuromorphic.integers.network import run_network
from train.config import HOP, load_preset
from train.networks.inhibition import Inhibition
from train.networks.model import Model
from train.networks.price import CHANNELS

LATENT, UNITS = 12, 8
MICRO = [
    "encoder.channels=8",
    "encoder.dilations=[1]",
    "encoder.above=8",
    "waveform.channels=8",
    "waveform.dilations=[1]",
    "waveform.above=8",
    f"code.latent={LATENT}",
    f"code.units={UNITS}",
    "code.groups=2",
    "code.kind=MU_SPARSE",
    "sparsity.mu=[4, 12]",
]


def learned() -> Model:
    """A model that has seen noise, of which each mu has a price of its own."""
    model = Model(load_preset("spectral", MICRO))
    code = model.bottleneck
    assert isinstance(code, Inhibition)
    assert code.price is not None
    assert code.told is not None
    model.train()
    with torch.no_grad():
        for parameter in model.parameters():  # tensors that are equal would share one name
            parameter += 0.02 * torch.randn(parameter.shape)
        for _ in range(80):
            model.code(0.1 * torch.randn(2, 1, 16 * HOP), torch.tensor([4, 12]))
        code.price.value.copy_(torch.linspace(0, 3, 9))
        code.told.weight.normal_()
    return model.eval()


def test_one_graph_has_the_events_of_every_mu_and_weights_under_their_names(tmp_path: Path) -> None:
    model, path = learned(), tmp_path / "encoder.onnx"
    code, audio = model.bottleneck, 0.1 * torch.randn(2, 1, 20 * HOP)
    mu = torch.tensor([4, 12])
    with torch.no_grad():
        trained = model.code(audio, mu)
    assert isinstance(code, Inhibition)
    layers = code.freeze()
    encoder = deployed_encoder(model, layers)
    export_encoder(encoder, path, with_mu=True)
    names = {tensor.name.removesuffix(".half") for tensor in onnx.load(path).graph.initializer}
    assert encoder.state_dict().keys() <= names
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    payload, events = session.run(None, {"audio": audio.numpy(), "mu": mu.numpy()})
    payload = payload.astype(np.int8)
    assert payload.shape == (2, LATENT + CHANNELS, 20)
    for clip in range(2):
        np.testing.assert_array_equal(run_network(network_of(layers), payload[clip]), events[clip])
    assert (events != trained.events.numpy()).mean() < 0.02  # weights are rounded to fp16
    assert 0 < events[1].mean() < events[0].mean() < 1

    waveform = deployed_waveform(model)
    with torch.no_grad():
        sounds = [waveform(trained.events, torch.tensor([rate, rate])) for rate in (4, 12)]
        model.hear(trained.events, mu)
    assert not torch.allclose(*sounds)
