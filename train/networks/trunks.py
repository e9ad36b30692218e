"""The networks on both sides of the code: SEANet or spectral."""

import math

from torch import nn

from train.config import Spectral, Trunk
from train.networks import seanet, spectral


def encoder_of(trunk: Trunk, latent: int) -> nn.Module:
    """The encoder of a trunk: `audio: (B, 1, T * hop)` to `(B, latent, T)`, both float32."""
    if isinstance(trunk, Spectral):
        return spectral.Encoder(trunk, latent)
    return seanet.Encoder(trunk, latent)


def decoder_of(trunk: Trunk, inputs: int) -> nn.Module:
    """The decoder of a trunk: `code: (B, inputs, T)` to `(B, 1, T * hop)`, both float32."""
    if isinstance(trunk, Spectral):
        return spectral.Decoder(trunk, inputs)
    return seanet.Decoder(trunk, inputs)


def context_frames(encoder: Trunk, decoder: Trunk) -> int:
    """How many frames on each side a frame's latent or sound can depend on, the larger of both."""

    def reach(trunk: Trunk, kernel: int) -> float:
        if isinstance(trunk, Spectral):
            return spectral.reach(trunk)
        return seanet.reach(trunk, kernel)

    last = encoder.last_kernel if not isinstance(encoder, Spectral) else 1
    return math.ceil(max(reach(encoder, last), reach(decoder, seanet.KERNEL)))
