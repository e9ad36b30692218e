"""EnCodec's loss balancer: weights are shares of the gradient, whatever the losses' scales."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from train.parallel import summed

DECAY = 0.999
TINY = 1e-12


class Balancer(nn.Module):
    """Combines losses of one output into one (Defossez et al. 2022, section 3.4, equation 4).

    `g_i`, the gradient of loss `i` with respect to the output, becomes
    `w_i / sum(w) * g_i / mean(|g_i|)`, where the mean is a moving average over steps and `|g_i|` is
    the norm of a clip's own gradient, averaged over the batch and all processes. If losses are
    means over the batch, neither its size nor its split over processes matters.

    The moving averages are buffers, so that checkpoints include them.
    """

    sums: Tensor
    count: Tensor

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__()
        total = sum(weights.values())
        self.shares = {name: weight / total for name, weight in weights.items()}
        self.register_buffer("sums", torch.zeros(len(weights)))
        self.register_buffer("count", torch.zeros(()))

    def forward(self, losses: Mapping[str, Tensor], output: Tensor) -> Tensor:
        """Scalar losses by name, and the `output: (B, ...)` they depend on, to a scalar.

        Its value is the weighted mean of the losses. Its gradient is the balanced one, and reaches
        the networks only through the output. Raises ValueError if the names are not the weights'.
        """
        if losses.keys() != self.shares.keys():
            raise ValueError(
                f"losses {sorted(losses)}, but the weights are for {sorted(self.shares)}"
            )
        gradients = [
            torch.autograd.grad(losses[name], output, retain_graph=True)[0] for name in self.shares
        ]
        shares = torch.tensor(list(self.shares.values()), device=output.device)
        scales = shares / self._follow(gradients).clamp(min=TINY)
        gradient = sum(
            (scale * one for scale, one in zip(scales, gradients, strict=True)),
            torch.zeros_like(output),
        )
        values = torch.stack([losses[name].detach() for name in self.shares])
        return (shares * values).sum() + (gradient * (output - output.detach())).sum()

    @torch.no_grad()
    def _follow(self, gradients: list[Tensor]) -> Tensor:
        """The moving averages of the norms, with this step included: `(losses,)`, unbiased."""
        clips = torch.stack([gradient.flatten(1).float() for gradient in gradients])
        # In a mean over the batch, each of its `B` clips gets 1 / `B` of its own gradient.
        norms = clips.shape[1] * clips.norm(dim=2).mean(1)
        totals, processes = summed(torch.stack([norms, torch.ones_like(norms)]))
        self.sums.lerp_(totals / processes, 1 - DECAY)
        self.count.lerp_(torch.ones_like(self.count), 1 - DECAY)
        return self.sums / self.count
