"""Batch norm with statistics over the batches of all processes.

torch's own synchronised norm works only on CUDA; this one computes the same sums on any device.
"""

import torch
from torch import Tensor, nn

from train.parallel import several, summed


class BatchNorm(nn.BatchNorm1d):
    """`(B, C, T)` float32 to the same shape; parameters and buffers as in torch's BatchNorm1d."""

    def forward(self, signal: Tensor) -> Tensor:
        if not (self.training and several()):
            return super().forward(signal)
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        count = summed(signal.new_tensor(float(signal.numel() // signal.shape[1])))
        mean = summed(signal.sum((0, 2))) / count
        centred = signal - mean[:, None]
        variance = summed(centred.square().sum((0, 2))) / count
        with torch.no_grad():
            self.num_batches_tracked += 1
            share = self.momentum or 1 / float(self.num_batches_tracked)
            self.running_mean.lerp_(mean, share)
            self.running_var.lerp_(variance * count / (count - 1), share)
        normal = centred * torch.rsqrt(variance + self.eps)[:, None]
        if self.affine:
            normal = normal * self.weight[:, None] + self.bias[:, None]
        return normal
