"""Turn single entries of a FREE code by the sound that its decoder makes of them.

The decoder stays as it is. The gradient of the squared error tells for each entry what turning it
would gain if the decoder were linear. In turn, every twelfth frame tries the entry that promises
most and keeps it where the error of the twelve frames around it falls; a round tries all frames
once, and no entry is tried twice.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from runtime.audio.samples import Samples
from runtime.bundle import DECODER_FAST, Bundle
from runtime.codec import Codec
from runtime.encoder import Encoded, Encoder, Window
from runtime.errors import SpikingMusicError
from runtime.events import Bits, EventMatrix
from runtime.kinds import BEST
from train.config import HOP, from_dict
from train.networks.seanet import fold
from train.networks.trunks import decoder_of
from train.onnx_weights import read_weights

APART = 12  # frames between those that are tried at once: beyond them an entry is hardly heard
ROUNDS = 3


class TurningEncoder(Encoder):
    """The encoder of a FREE bundle whose entries a search turns, so that no chip makes the same.

    Raises `SpikingMusicError` for another bundle.
    """

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self._decoder = torch_decoder(bundle)

    def run(self, window: Window, mu: int) -> Encoded:
        """Encode a window with its context."""
        encoded = super().run(window, mu)
        context, chunk, _ = self._sizes
        own = slice(context, context + window.frames)
        bits = encoded.events.bits.copy()
        # A decoder hears nothing before the first frame of a recording, nor behind its last.
        if window.index == 0:
            bits[:, : own.start] = False
        if window.frames < chunk:
            bits[:, own.stop :] = False
        *_, bits = turned(self._decoder, bits, window.audio, ROUNDS, own)
        return replace(encoded, events=EventMatrix.from_bits(bits))


def turning_codec(bundle: Bundle) -> Codec:
    """Return the codec of a bundle with a `TurningEncoder`; raises what that does."""
    codec = Codec(bundle)
    codec.encoder = TurningEncoder(bundle)
    return codec


def torch_decoder(bundle: Bundle) -> nn.Module:
    """The waveform decoder of a FREE bundle in torch; raises `SpikingMusicError` for another."""
    manifest = bundle.manifest
    if manifest.kind != "FREE":
        raise SpikingMusicError(
            f"effort {BEST}: the bundle {manifest.name} is {manifest.kind}; give a FREE one, such "
            "as spectral"
        )
    weights = read_weights(bundle, DECODER_FAST)
    decoder = fold(decoder_of(from_dict(manifest.training["config"]).waveform, manifest.units))
    decoder.load_state_dict({name: weights[name] for name in decoder.state_dict()})
    return decoder.eval().requires_grad_(False)


def turned(
    decoder: nn.Module, bits: Bits, samples: Samples, rounds: int, within: slice = slice(None)
) -> Iterator[Bits]:
    """Yield the events `(N, T)` of `samples (n,)` after each round; frames `within` are tried."""
    events = torch.from_numpy(bits[None].astype(np.float32))
    wanted = F.pad(torch.from_numpy(samples), (0, bits.shape[1] * HOP - len(samples)))
    tried = torch.zeros(bits.shape, dtype=torch.bool)
    every = torch.arange(bits.shape[1])[within]
    for _ in range(rounds):
        for frames in (every[first::APART] for first in range(min(APART, len(every)))):
            error, promised = _promised(decoder, events, wanted)
            units = promised.masked_fill(tried, -torch.inf)[:, frames].argmax(0)
            tried[units, frames] = True
            other = events.clone()
            other[0, units, frames] = 1 - other[0, units, frames]
            kept = (_around(decoder(other)[0, 0] - wanted) < _around(error))[frames]
            events[0, units[kept], frames[kept]] = other[0, units[kept], frames[kept]]
        yield events[0].numpy() > 0.5


def _promised(decoder: nn.Module, events: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The error, and by how much its square would fall for each entry turned, `(N, T)`."""
    events = events.clone().requires_grad_()
    error = decoder(events)[0, 0] - wanted
    (gradient,) = torch.autograd.grad(error.square().sum(), events)
    return error.detach(), (gradient * (2 * events.detach() - 1))[0]


def _around(error: Tensor) -> Tensor:
    """The squared error in the frames around each frame, `(T,)`."""
    frames = F.pad(error.square().unflatten(0, (-1, HOP)).sum(1), (APART // 2, APART // 2 - 1))
    return frames.unfold(0, APART, 1).sum(1)
