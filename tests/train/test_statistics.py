import torch

from train.config import load_preset
from train.networks.model import Model
from train.statistics import recalibrate

MICRO = ["encoder.filters=2", "waveform.filters=2", "code.latent=8", "code.units=6"]
SMALL = ["unet.channels=[8,8,8,8,8,8,8,8,8]", "unet.features=8"]


def batch(index: int) -> torch.Tensor:
    return 0.2 * torch.randn(4, 1, 8192, generator=torch.Generator().manual_seed(index))


def test_statistics_are_those_of_the_weights_and_not_of_the_past() -> None:
    model = Model(load_preset("tiny", MICRO + SMALL)).eval()
    norm = model.bottleneck.norm
    with torch.no_grad():
        assert norm.running_mean is not None
        norm.running_mean.fill_(1e6)
    before = {name: p.clone() for name, p in model.named_parameters()}
    recalibrate(model, batch)
    assert not norm.training
    assert norm.momentum == 0.02
    assert all(torch.equal(before[name], p) for name, p in model.named_parameters())
    current = torch.nn.functional.conv1d(
        model.bottleneck.payload(model.encoder(batch(99))),
        model.bottleneck.integer_weight().unsqueeze(2),
    )
    level = norm(current)
    assert level.mean().abs() < 0.2
    assert 0.7 < level.std() < 1.4
