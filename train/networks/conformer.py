"""The conformer block (Gulati et al. 2020), which "integrates context" around the bottleneck.

`x += FF/2; x += attention; x += convolution; x += FF/2`, after lucidrains/conformer's sizes
(feed-forward x 4, Swish, GLU, depthwise kernel). The block must have a finite reach, take any
length, and use no batch statistics; so attention sees `reach` frames on each side, with a learned
bias by distance, and every norm is over the channels of one frame. It must also fit into a network
that was trained without it; so every branch starts at zero, and the last norm is omitted, since it
would remove each frame's level.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from train.config import Conformer as Config

WIDENING = 4  # of the feed-forward layers


class Linear(nn.Module):
    """`(..., inputs)` to `(..., outputs)`, with the weight stored as the product needs it.

    So an ONNX graph holds it unchanged under its name; that of torch's layer would be transposed.
    """

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__()
        limit = inputs**-0.5  # as torch's
        self.weight = nn.Parameter(torch.empty(inputs, outputs).uniform_(-limit, limit))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-limit, limit)) if bias else None

    def forward(self, signal: Tensor) -> Tensor:
        product = signal @ self.weight
        return product if self.bias is None else product + self.bias


class FeedForward(nn.Module):
    """Norm, wide Swish layer, back: `(B, T, C)` kept."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.wide = Linear(channels, WIDENING * channels)
        self.back = Linear(WIDENING * channels, channels)

    def forward(self, signal: Tensor) -> Tensor:
        inner: Tensor = self.back(F.silu(self.wide(self.norm(signal))))
        return inner


class Attention(nn.Module):
    """Self-attention over `reach` frames to each side: `(B, T, C)` kept."""

    def __init__(self, channels: int, heads: int, reach: int) -> None:
        super().__init__()
        self.heads, self.reach = heads, reach
        self.norm = nn.LayerNorm(channels)
        self.inward = Linear(channels, 3 * channels, bias=False)
        self.outward = Linear(channels, channels)
        self.distance_bias = nn.Parameter(torch.zeros(2 * reach + 1, heads))

    def forward(self, signal: Tensor) -> Tensor:
        query, key, value = (
            part.unflatten(2, (self.heads, -1)).transpose(1, 2)
            for part in self.inward(self.norm(signal)).chunk(3, dim=2)
        )
        # Torch's fused attention cannot be exported with a dynamic length and a bias.
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        mixed = (scores + self._bias(signal.shape[1])).softmax(3) @ value
        result: Tensor = self.outward(mixed.transpose(1, 2).reshape(signal.shape))
        return result

    def _bias(self, frames: int) -> Tensor:
        """Added to the scores: `(1, heads, T, T)`, minus infinity beyond the reach."""
        frame = torch.arange(frames, device=self.distance_bias.device)
        distance = frame[None, :] - frame[:, None]
        index = distance.clamp(-self.reach, self.reach) + self.reach
        near = F.embedding(index, self.distance_bias)
        far = torch.where(distance.abs() > self.reach, float("-inf"), 0.0)
        return (near + far.unsqueeze(2)).permute(2, 0, 1).unsqueeze(0)


class Convolution(nn.Module):
    """Norm, gated pointwise, depthwise, norm, Swish, pointwise: `(B, T, C)` kept."""

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.inward = Linear(channels, 2 * channels)
        self.depthwise = nn.Conv1d(channels, channels, kernel, padding=kernel // 2, groups=channels)
        self.depthwise_norm = nn.LayerNorm(channels)
        self.outward = Linear(channels, channels)

    def forward(self, signal: Tensor) -> Tensor:
        gated = F.glu(self.inward(self.norm(signal)), dim=2)
        smooth = self.depthwise(gated.transpose(1, 2)).transpose(1, 2)
        result: Tensor = self.outward(F.silu(self.depthwise_norm(smooth)))
        return result


class Block(nn.Module):
    """One conformer block: `(B, T, C)` kept."""

    def __init__(self, channels: int, config: Config) -> None:
        super().__init__()
        self.before = FeedForward(channels)
        self.attention = Attention(channels, config.heads, config.reach)
        self.convolution = Convolution(channels, config.kernel)
        self.after = FeedForward(channels)
        for last in (
            self.before.back,
            self.attention.outward,
            self.convolution.outward,
            self.after.back,
        ):
            for parameter in last.parameters():
                nn.init.zeros_(parameter)

    def forward(self, signal: Tensor) -> Tensor:
        signal = signal + 0.5 * self.before(signal)
        signal = signal + self.attention(signal)
        signal = signal + self.convolution(signal)
        result: Tensor = signal + 0.5 * self.after(signal)
        return result


class Conformer(nn.Module):
    """A stack of blocks: `(B, C, T)` float32 kept, for any T."""

    def __init__(self, channels: int, config: Config) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(channels, config) for _ in range(config.layers))

    def forward(self, signal: Tensor) -> Tensor:
        frames = signal.transpose(1, 2)
        for block in self.blocks:
            frames = block(frames)
        return frames.transpose(1, 2)


def reach_frames(config: Config) -> int:
    """Frames to each side on which an output of the stack can depend."""
    return config.layers * (config.reach + config.kernel // 2)
