"""Fourier transforms as two small matrix products each: what ONNX Runtime computes fast.

A window of 2048 as 32 x 64 (Cooley and Tukey 1965): a matrix over the first, a turn of each value,
a matrix over the second. The way back is the transpose of the way there.
"""

import math

import torch
from torch import Tensor, nn


class MatrixFourier(nn.Module):
    """As `train.networks.spectral.Fourier`, without complex numbers."""

    first: Tensor
    turn: Tensor
    second: Tensor
    weight: Tensor

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window
        rows = 2 ** (int(math.log2(window)) // 2)
        while window % rows:
            rows -= 1
        self.rows, self.columns = rows, window // rows
        self.bins = window // 2 + 1
        kept = -(-self.bins // rows)
        angle = -2 * math.pi * _outer(rows, rows) / rows
        first = torch.cat([angle.cos(), angle.sin()]) / math.sqrt(window)
        angle = -2 * math.pi * _outer(rows, self.columns) / window
        turn = torch.stack([angle.cos(), angle.sin()])
        angle = -2 * math.pi * _outer(self.columns, kept) / self.columns
        real, imaginary = angle.cos(), angle.sin()
        second = torch.cat([torch.cat([real, imaginary], 1), torch.cat([-imaginary, real], 1)])
        weight = torch.full((self.bins,), 2.0)
        weight[0] = 1
        if window % 2 == 0:
            weight[-1] = 1
        for name, tensor in (("first", first), ("turn", turn), ("second", second)):
            self.register_buffer(name, tensor.float(), persistent=False)
        self.register_buffer("weight", weight, persistent=False)

    def forward(self, frames: Tensor) -> Tensor:
        """`(B, T, W)` to `(B, T, 2, W / 2 + 1)`, both float32."""
        grid = frames.unflatten(2, (self.rows, self.columns))
        real, imaginary = (self.first @ grid).chunk(2, 2)
        cos, sin = self.turn[0], self.turn[1]
        turned = torch.cat([real * cos - imaginary * sin, real * sin + imaginary * cos], 3)
        parts = (turned @ self.second).transpose(2, 3).unflatten(2, (2, -1))
        return parts.flatten(3)[:, :, :, : self.bins]

    def inverse(self, spectrum: Tensor) -> Tensor:
        """`(B, T, 2, W / 2 + 1)` to `(B, T, W)`, both float32."""
        kept = self.second.shape[1] // 2
        weighted = spectrum * self.weight
        padded = nn.functional.pad(weighted, (0, kept * self.rows - self.bins))
        grid = padded.unflatten(3, (kept, self.rows)).flatten(2, 3)
        values = grid.transpose(2, 3) @ self.second.T
        real, imaginary = values.chunk(2, 3)
        cos, sin = self.turn[0], self.turn[1]
        turned = torch.cat([real * cos + imaginary * sin, imaginary * cos - real * sin], 2)
        return (self.first.T @ turned).flatten(2)


def _outer(rows: int, columns: int) -> Tensor:
    return torch.outer(torch.arange(rows), torch.arange(columns)).double()
