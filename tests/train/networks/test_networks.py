import dataclasses

import pytest
import torch

from train.config import HOP, SeaNet, UNet, load_preset
from train.networks.seanet import Decoder, Encoder, fold
from train.networks.trunks import context_frames
from train.networks.unet import UNet as Network

SMALL = SeaNet(filters=2, ratios=(8, 8, 4, 2), frame_dilations=(1, 2), last_kernel=3, lstm=0)
NET = UNet(
    channels=(8, 8, 8, 8, 8, 8, 8, 8, 8),
    factors=(1, 4, 4, 4, 2, 2, 2, 2, 2),
    items=(0, 1, 1, 1, 1, 1, 2, 1, 1),
    features=16,
    on_residual=True,
    residual_gain=0.5,
    spectrum=(),
)


@pytest.mark.parametrize("frames", [1, 5, 24])
@pytest.mark.parametrize("lstm", [0, 1])
def test_a_frame_is_a_hop_of_samples(frames: int, lstm: int) -> None:
    config = dataclasses.replace(SMALL, lstm=lstm)
    latent = Encoder(config, 12)(torch.randn(2, 1, HOP * frames))
    assert latent.shape == (2, 12, frames)
    assert Decoder(config, 12)(latent).shape == (2, 1, HOP * frames)


def test_beyond_the_context_nothing_is_heard() -> None:
    frames = context_frames(SMALL, SMALL)
    encoder, decoder = Encoder(SMALL, 6).eval(), Decoder(SMALL, 6).eval()
    audio = torch.randn(1, 1, HOP * (2 * frames + 3), requires_grad=True)
    middle = frames + 1
    encoder(audio)[0, :, middle].sum().backward()
    assert audio.grad is not None
    heard = audio.grad[0, 0].reshape(-1, HOP).abs().sum(1).nonzero().flatten()
    assert middle - frames <= heard.min() <= heard.max() <= middle + frames
    code = torch.randn(1, 6, 2 * frames + 3, requires_grad=True)
    decoder(code)[0, 0, middle * HOP : (middle + 1) * HOP].sum().backward()
    assert code.grad is not None
    heard = code.grad[0].abs().sum(0).nonzero().flatten()
    assert middle - frames <= heard.min() <= heard.max() <= middle + frames


def test_folding_weight_norm_changes_nothing_but_the_parameters() -> None:
    encoder = Encoder(SMALL, 6).eval()
    audio = torch.randn(1, 1, HOP * 4)
    before = encoder(audio)
    torch.testing.assert_close(fold(encoder)(audio), before, atol=1e-5, rtol=1e-5)
    assert not any("parametrizations" in name for name in encoder.state_dict())


@pytest.mark.parametrize("frames", [8, 12])
def test_the_unet_hears_noise_level_events_and_base(frames: int) -> None:
    torch.manual_seed(0)
    net = Network(NET, 10).eval()
    sound, base = torch.randn(2, 1, 1, HOP * frames).unbind()
    events, sigma = torch.rand(1, 10, frames).round(), torch.tensor([0.3])
    velocity = net(sound, sigma, events, base)
    assert velocity.shape == sound.shape
    for changed in (
        net(sound, sigma + 0.2, events, base),
        net(sound, sigma, 1 - events, base),
        net(sound, sigma, events, -base),
    ):
        assert (changed - velocity).abs().max() > 1e-6


def test_the_papers_unet_has_the_size_of_its_package() -> None:
    with torch.device("meta"):
        net = Network(load_preset("paper").unet, 80)
    millions = sum(p.numel() for p in net.parameters()) / 1e6
    assert millions == pytest.approx(176.6, rel=0.01)
