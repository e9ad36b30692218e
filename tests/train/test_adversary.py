import pytest
import torch
from torch import Tensor, nn

from train.adversary import Adversary
from train.config import Adversary as Config
from train.config import load_preset
from train.objectives.losses import mel_distance, noise_ratio


@pytest.fixture
def config(micro: tuple[str, ...], playing: tuple[str, ...]) -> Config:
    return load_preset("tiny", [*micro, *playing]).adversary


class Mimic(nn.Module):
    """A decoder of one parameter a sample."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(9)
        self.sound = nn.Parameter(0.1 * torch.randn(2, 1, 4096, generator=generator))

    def forward(self) -> Tensor:
        return 1.0 * self.sound


def played(adversary: Adversary, mimic: Mimic, steps: range) -> list[dict[str, float]]:
    """Some steps of both players; the figures of each."""
    found = []
    for step in steps:
        real = 0.2 * torch.randn(2, 1, 4096, generator=torch.Generator().manual_seed(step))
        decoded = mimic()
        sound = {"noise": noise_ratio(real, decoded).mean(), "mel": mel_distance(real, decoded)}
        loss, figures = adversary.play(real, decoded, sound)
        mimic.zero_grad()
        loss.backward()
        assert mimic.sound.grad is not None
        with torch.no_grad():
            mimic.sound -= 10 * mimic.sound.grad
        found.append(figures | {"loss": loss.item(), "pull": mimic.sound.grad.norm().item()})
    return found


def test_both_players_move_and_each_by_its_own_loss(config: Config) -> None:
    adversary, mimic = Adversary(config, 0), Mimic()
    before = {name: p.clone() for name, p in adversary.discriminator.named_parameters()}
    figures = played(adversary, mimic, range(1))[0]
    assert figures.keys() == {"adversarial", "features", "discriminator", "loss", "pull"}
    assert figures["pull"] > 0
    after = dict(adversary.discriminator.named_parameters())
    assert any(not torch.equal(before[name], after[name]) for name in before)
    # The decoder's loss left nothing behind for the discriminator's next step.
    assert not any(p.requires_grad for p in after.values())


def test_the_discriminator_learns_to_tell(config: Config) -> None:
    adversary, mimic = Adversary(config, 0), Mimic()
    adversary.optimiser.param_groups[0]["lr"] = 3e-3
    figures = []
    for step in range(30):  # against a decoder that does not learn
        figures += played(adversary, mimic, range(step, step + 1))
        mimic = Mimic()
    assert figures[-1]["discriminator"] < 0.8 * figures[0]["discriminator"]


def test_a_restored_adversary_goes_on_exactly(config: Config) -> None:
    whole, mimic = Adversary(config, 0), Mimic()
    played(whole, mimic, range(4))
    state = {name: tensor.clone() for name, tensor in whole.state().items()}
    restored, twin = Adversary(config, 1), Mimic()
    restored.restore(state)
    twin.load_state_dict({name: t.clone() for name, t in mimic.state_dict().items()})
    assert played(restored, twin, range(4, 7)) == played(whole, mimic, range(4, 7))
    assert all(torch.equal(tensor, restored.state()[k]) for k, tensor in whole.state().items())


def test_one_that_has_not_played_yet_is_restored_too(config: Config) -> None:
    fresh, other = Adversary(config, 0), Adversary(config, 1)
    other.restore({name: tensor.clone() for name, tensor in fresh.state().items()})
    one, two = (played(player, Mimic(), range(2)) for player in (fresh, other))
    assert one == two


def test_the_seed_alone_says_where_it_begins(config: Config) -> None:
    torch.manual_seed(1)
    one = Adversary(config, 3).state()
    torch.manual_seed(2)
    assert all(torch.equal(one[k], t) for k, t in Adversary(config, 3).state().items())
