"""Turn single entries of a code by the sound that its decoder makes of them.

The decoder stays as it is. The gradient of the squared error tells for each entry what turning it
would gain if the decoder were linear. In turn, every twelfth frame tries the entry that promises
most and keeps it where the error of the twelve frames around it falls; a round tries all frames
once, and no entry is tried twice. In a code that pays for events each also has a price, steered so
that there are no more of them in the end.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from runtime.audio.samples import Samples
from runtime.bundle import DECODER_FAST, Bundle
from runtime.codec import Codec
from runtime.encoder import Encoded, Encoder, Window
from runtime.errors import BundleError, ConfigError, SpikingMusicError
from runtime.events import Bits, EventMatrix
from runtime.kinds import BEST
from train.config import HOP, from_dict
from train.networks.seanet import fold
from train.networks.trunks import decoder_of
from train.onnx_weights import read_weights

APART = 12  # frames between those that are tried at once: beyond them an entry is hardly heard
ROUNDS = 3
STEER = 1.2  # of the price, after each try

Decode = Callable[[Tensor], Tensor]  # events `(1, N, T)` to sound `(1, 1, n)`, float32


class TurningEncoder(Encoder):
    """An encoder whose entries a search turns, so that no chip makes the same.

    Raises `SpikingMusicError` as `torch_decoder` does.
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
        has_price = self._manifest.has_mu
        *_, bits = turned(self._decoder(mu), bits, window.audio, ROUNDS, own, has_price)
        return replace(encoded, events=EventMatrix.from_bits(bits))


def turning_codec(bundle: Bundle) -> Codec:
    """Return the codec of a bundle with a `TurningEncoder`; raises what that does."""
    codec = Codec(bundle)
    codec.encoder = TurningEncoder(bundle)
    return codec


def torch_decoder(bundle: Bundle) -> Callable[[int], Decode]:
    """The waveform decoder of a FREE or a spectral MU_SPARSE bundle in torch, for each mu.

    Raises `SpikingMusicError` for another bundle, `BundleError` where the weights are not those
    that the manifest describes.
    """
    manifest = bundle.manifest
    weights = read_weights(bundle, DECODER_FAST)
    spectral_mu = manifest.has_mu and "after.told.weight" in weights
    if manifest.kind != "FREE" and not spectral_mu:
        raise SpikingMusicError(
            f"effort {BEST}: the bundle {manifest.name} is {manifest.kind} and has no search; "
            "choose spectral or spectral-mu"
        )
    try:
        config = from_dict(manifest.training.get("config"))
        prefix, inputs = ("waveform.", config.code.latent) if spectral_mu else ("", manifest.units)
        decoder = fold(decoder_of(config.waveform, inputs))
        decoder.load_state_dict({name: weights[prefix + name] for name in decoder.state_dict()})
    except (ConfigError, KeyError, RuntimeError) as error:
        raise BundleError(
            f"{bundle.path}: {DECODER_FAST} does not hold, by their names, the weights of the "
            "decoder that manifest.json configures"
        ) from error
    decoder.eval().requires_grad_(False)
    if not spectral_mu:
        return lambda mu: decoder
    # The graph's only map from units to latent; ONNX has no name for it.
    take = next(each for each in weights.values() if each.shape == (inputs, manifest.units))
    silent = weights["after.silent"] + weights["after.told.weight"]
    return lambda mu: lambda events: decoder(take @ events + silent[mu, :, None])


def turned(
    decode: Decode,
    bits: Bits,
    samples: Samples,
    rounds: int,
    within: slice = slice(None),
    has_price: bool = False,
) -> Iterator[Bits]:
    """Yield the events `(N, T)` of `samples (n,)` after each round; frames `within` are tried."""
    events = torch.from_numpy(bits[None].astype(np.float32))
    wanted = F.pad(torch.from_numpy(samples), (0, bits.shape[1] * HOP - len(samples)))
    tried = torch.zeros(bits.shape, dtype=torch.bool)
    every = torch.arange(bits.shape[1])[within]
    most, price = events.sum(), torch.zeros(())
    for number in range(rounds):
        for first in range(min(APART, len(every))):
            frames = every[first::APART]
            error, promised = _promised(decode, events, wanted)
            if has_price and not number and not first:
                price = _first_price(events[0, :, every], promised[:, every])
            added = 1 - 2 * events[0]
            worth = (promised - price * added).masked_fill(tried, -torch.inf)
            units = worth[:, frames].argmax(0)
            tried[units, frames] = True
            other = events.clone()
            other[0, units, frames] = 1 - other[0, units, frames]
            after = _around(decode(other)[0, 0] - wanted)[frames] + price * added[units, frames]
            kept = after < _around(error)[frames]
            events[0, units[kept], frames[kept]] = other[0, units[kept], frames[kept]]
            price = price * STEER if events.sum() > most else price / STEER
        yield events[0].numpy() > 0.5


def _promised(decode: Decode, events: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The error, and by how much its square would fall for each entry turned, `(N, T)`."""
    events = events.clone().requires_grad_()
    error = decode(events)[0, 0] - wanted
    (gradient,) = torch.autograd.grad(error.square().sum(), events)
    return error.detach(), (gradient * (2 * events.detach() - 1))[0]


def _first_price(events: Tensor, promised: Tensor) -> Tensor:
    """The price at which as many frames would gain an event as lose one."""
    best = [promised.masked_fill(events == taken, -torch.inf).amax(0) for taken in (1, 0)]
    both = torch.isfinite(best[0]) & torch.isfinite(best[1])
    if not both.any():
        return torch.zeros(())
    return ((best[0] - best[1])[both].median() / 2).clamp(min=0)


def _around(error: Tensor) -> Tensor:
    """The squared error in the frames around each frame, `(T,)`."""
    frames = F.pad(error.square().unflatten(0, (-1, HOP)).sum(1), (APART // 2, APART // 2 - 1))
    return frames.unfold(0, APART, 1).sum(1)
