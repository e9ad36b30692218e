"""The discriminator in training: it learns to tell decoded from real sound, and gives a loss."""

import torch
from torch import Tensor

from train.checkpoint import named, optimiser_tensors, restore_optimiser, unnamed
from train.config import Adversary as Config
from train.networks.discriminator import Discriminator
from train.objectives.adversarial import discriminator_loss, feature_distance, generator_loss
from train.objectives.balancer import Balancer
from train.parallel import average_gradients

BETAS = (0.5, 0.9)  # EnCodec


class Adversary:
    """A discriminator, its optimiser, and the balancer of its losses with those of the sound."""

    def __init__(self, config: Config, seed: int) -> None:
        torch.manual_seed(seed)
        self.discriminator = Discriminator(config.windows, config.filters)
        self.optimiser = torch.optim.Adam(
            self.discriminator.parameters(), config.learning_rate, betas=BETAS
        )
        self.balancer = Balancer(
            {
                "noise": config.noise_weight,
                "mel": config.mel_weight,
                "adversarial": config.adversarial_weight,
                "features": config.feature_weight,
            }
        )

    def to(self, device: torch.device) -> "Adversary":
        """Move to a device, in place."""
        self.discriminator.to(device)
        self.balancer.to(device)
        return self

    def play(
        self, real: Tensor, decoded: Tensor, sound: dict[str, Tensor]
    ) -> tuple[Tensor, dict[str, float]]:
        """Do one step of the discriminator, then return the balanced loss of the decoder.

        `real` and `decoded` are `(B, 1, n)`, `sound` the other losses of `decoded`.
        """
        self.discriminator.requires_grad_(True)
        found = discriminator_loss(self.discriminator(real), self.discriminator(decoded.detach()))
        self.optimiser.zero_grad()
        found.backward()
        average_gradients(self.discriminator)
        self.optimiser.step()
        self.discriminator.requires_grad_(False)
        opinions = self.discriminator(decoded)
        losses = {
            "adversarial": generator_loss(opinions),
            "features": feature_distance(self.discriminator(real), opinions),
        }
        figures = {name: loss.item() for name, loss in losses.items()}
        return self.balancer(sound | losses, decoded), figures | {"discriminator": found.item()}

    def state(self) -> dict[str, Tensor]:
        """Return everything that a checkpoint needs, as flat tensors."""
        return {
            **named("discriminator", self.discriminator.state_dict()),
            **named("balancer", self.balancer.state_dict()),
            **named("optimiser", optimiser_tensors(self.optimiser)),
        }

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Restore what `state` returned."""
        self.discriminator.load_state_dict(unnamed("discriminator", tensors))
        self.balancer.load_state_dict(unnamed("balancer", tensors))
        restore_optimiser(self.optimiser, unnamed("optimiser", tensors))
