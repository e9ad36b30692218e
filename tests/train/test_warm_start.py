from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from runtime.bundle import PAPER, open_bundle
from runtime.errors import BundleError, ConfigError
from train import checkpoint as checkpoints
from train.checkpoint import Checkpoint
from train.config import KINDS, Config, load_preset
from train.networks.bottleneck import Bottleneck
from train.networks.model import Model
from train.warm_start import start_from

SHIPPED = open_bundle(PAPER)
TRUNK = ("encoder", "waveform")


def config_of(kind: str) -> Config:
    """The small preset, whose trunk the shipped bundle has; its U-Net and codebooks made tiny."""
    small = ["unet.channels=[8,8,8,8,8,8,8,8,8]", "rvq.quantisers=2", "rvq.codes=8"]
    return load_preset("small", [f"code.kind={kind}", *small])


@pytest.fixture(scope="module")
def audio() -> torch.Tensor:
    time = torch.arange(512 * 40) / 22_050
    tones = [torch.sin(2 * torch.pi * pitch * time) for pitch in (220.0, 277.2, 329.6)]
    return (0.15 * torch.stack(tones).sum(0))[None, None]


def test_the_trunk_gives_the_shipped_encoders_payload(audio: torch.Tensor) -> None:
    model = Model(config_of("FREE")).eval()
    start_from(model, "shipped")
    assert isinstance(model.bottleneck, Bottleneck)
    with torch.no_grad():
        payload = model.bottleneck.payload(model.encoder(audio))
    session = onnxruntime.InferenceSession(str(SHIPPED.file("encoder.onnx")))
    (name,) = [value.name for value in session.get_inputs()]
    shipped = session.run(["payload"], {name: audio.numpy()})[0]
    difference = np.abs(payload.numpy() - shipped)
    assert difference.max() <= 1  # where a sum lies at the edge of two integers
    assert (difference > 0).mean() < 0.01
    assert np.abs(shipped).max() > 20


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_starts_from_the_same_trunk_and_from_its_own_code(
    kind: str, audio: torch.Tensor
) -> None:
    model, random = Model(config_of(kind)).eval(), Model(config_of(kind)).eval()
    start_from(model, "shipped")
    with torch.no_grad():
        decoded = model.waveform(model.code(audio, torch.tensor([12])).heard)
    assert torch.isfinite(decoded).all()
    changed, kept = set(), set()
    for name, tensor in model.state_dict().items():
        (kept if torch.equal(tensor, random.state_dict()[name]) else changed).add(name)
    assert {name.partition(".")[0] for name in changed} == {
        name for name in TRUNK if kind != "MEL" or name != "encoder"
    }
    first = {name for name in kept if name.startswith("waveform.")}
    assert all(name.startswith("waveform.layers.0.") for name in first)
    assert {name.partition(".")[0] for name in kept} >= {"waveform", "unet"}


def test_a_run_goes_on_in_another_with_all_that_it_knows(tmp_path: Path) -> None:
    config = load_preset("tiny", ["code.kind=MU_SPARSE"])
    taught = Model(replace(config, seed=1))
    tensors = checkpoints.named("model", taught.state_dict())
    checkpoints.save(tmp_path, Checkpoint(config, "noise", "codes", 9, tensors))
    model = Model(config)
    start_from(model, str(tmp_path))
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, taught.state_dict()[name]), name
    with pytest.raises(ConfigError, match=r"start_from: .* same preset and kind") as caught:
        start_from(Model(load_preset("tiny")), str(tmp_path))
    assert "\n" not in str(caught.value)


def test_the_trunk_of_another_size_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError, match=r"start_from: .* of the same preset") as caught:
        start_from(Model(load_preset("tiny")), "shipped")
    assert "\n" not in str(caught.value)


def test_a_bundle_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=str(tmp_path)):
        start_from(Model(load_preset("tiny")), str(tmp_path))
