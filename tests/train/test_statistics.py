import pytest
import torch
from torch import Tensor, nn

from train.config import load_preset
from train.networks.bottleneck import Bottleneck
from train.networks.model import Model
from train.statistics import follow, recalibrate


def batch(index: int) -> tuple[Tensor, Tensor]:
    audio = 0.2 * torch.randn(4, 1, 8192, generator=torch.Generator().manual_seed(index))
    return audio, torch.tensor([6, 12, 18, 24])


@pytest.mark.parametrize("kind", ["FREE", "MU_SPARSE"])
def test_statistics_are_those_of_the_weights_and_not_of_the_past(
    micro: tuple[str, ...], kind: str
) -> None:
    model = Model(load_preset("tiny", [*micro, f"code.kind={kind}"])).eval()
    assert isinstance(model.bottleneck, Bottleneck)
    norm = model.bottleneck.norm
    with torch.no_grad():
        assert norm.running_mean is not None
        norm.running_mean.fill_(1e6)
    before = {name: p.clone() for name, p in model.named_parameters()}
    recalibrate(model, batch, 8)
    assert not norm.training
    assert norm.momentum == 0.02
    assert all(torch.equal(before[name], p) for name, p in model.named_parameters())
    current = torch.nn.functional.conv1d(
        model.bottleneck.payload(model.latent(*batch(99))),
        model.bottleneck.integer_weight().unsqueeze(2),
    )
    level = norm(current)
    assert level.mean().abs() < 0.2
    assert 0.7 < level.std() < 1.4


@pytest.mark.parametrize("kind", ["RVQ", "MEL"])
def test_a_code_without_batch_norm_is_left_as_it_is(micro: tuple[str, ...], kind: str) -> None:
    model = Model(load_preset("tiny", [*micro, f"code.kind={kind}"])).eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    recalibrate(model, batch, 8)
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())


def test_an_average_follows_weights_and_copies_counts() -> None:
    average, trained = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    with torch.no_grad():
        trained.weight.fill_(3.0)
        trained.num_batches_tracked.fill_(7)
    follow(average, trained, 0.75)
    assert average.weight.tolist() == [1.5] * 3
    assert average.num_batches_tracked == 7
