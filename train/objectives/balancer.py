"""EnCodec's loss balancer: weights are shares of the gradient, whatever the losses' scales."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from train.parallel import summed

DECAY = 0.999
TINY = 1e-12


class Balancer(nn.Module):
    """Joins losses of one output into one loss (Defossez et al. 2022, section 3.4, equation 4).

    `g_i`, the gradient of loss `i` with respect to the output, becomes
    `w_i / sum(w) * g_i / mean(|g_i|)`, where the mean is a moving one over steps and `|g_i|` is the
    norm of a clip's own gradient, averaged over the batch and over all processes. Losses are to be
    means over the batch; then neither its size nor its split over processes matters.

    The moving means are buffers, so that a checkpoint holds them.
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
        """Scalar losses by name, and the `output: (B, ...)` that they are of, to a scalar.

        Its value is the losses' weighted mean. Its gradient is the balanced one, and reaches the
        networks through the output alone. Raises ValueError where the names are not the weights'.
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
        """The moving means of the norms, this step's included: `(losses,)`, free of bias."""
        clips = torch.stack([gradient.flatten(1).float() for gradient in gradients])
        # A mean over the batch gives each of its `B` clips a `B`-th of the clip's own gradient.
        norms = clips.shape[1] * clips.norm(dim=2).mean(1)
        totals, processes = summed(torch.stack([norms, torch.ones_like(norms)]))
        self.sums.lerp_(totals / processes, 1 - DECAY)
        self.count.lerp_(torch.ones_like(self.count), 1 - DECAY)
        return self.sums / self.count
