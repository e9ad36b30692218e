"""A bundle's encoder in torch: the reference that every other executor is compared with."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.exact import ExactLayer
from neuromorphic.integers.layer import PAYLOAD_MAX
from neuromorphic.integers.network import BLOCK
from neuromorphic.integers.nir_forms import layers_of
from runtime.bundle import ENCODER, EXACT, Bundle
from runtime.errors import BundleError, ConfigError
from runtime.events import Bits
from runtime.kinds import Progress
from runtime.mu import DEFAULT_MU
from runtime.windows import window
from train.config import from_dict
from train.networks.bottleneck import network_events
from train.networks.context import Context
from train.networks.layers import channels_last
from train.networks.price import PriceChannels
from train.networks.seanet import fold
from train.networks.trunks import encoder_of
from train.onnx_weights import read_weights

Events = Callable[..., Bits]


def load_reference(bundle: Bundle) -> Events:
    """The torch encoder of a bundle: `samples (n,) float32` (and mu) to events `(N, T) bool`.

    The weights are read from `encoder.onnx` by name; the windows are the codec's. A third argument
    is called with the share done. Raises BundleError when the manifest does not describe the
    encoder, or describes a different one, and when the graph does not hold its weights by name.
    """
    manifest = bundle.manifest
    weights = read_weights(bundle, ENCODER)
    try:
        config = from_dict(manifest.training.get("config"))
        encoder = fold(encoder_of(config.encoder, config.code.latent))
        before = None
        if config.code.has_context:
            latent = config.code.latent
            before = Context(latent, latent, config.conformer, config.code.has_mu).eval()
        price = PriceChannels() if config.code.hears_price else None
        for name, module in (("encoder", encoder), ("before", before), ("price", price)):
            if module is not None:
                state = {key: weights[f"{name}.{key}"] for key in module.state_dict()}
                module.load_state_dict(state)
                channels_last(module)
    except (ConfigError, KeyError, RuntimeError) as error:
        raise BundleError(
            f"{bundle.path}: encoder.onnx does not hold, by their names, the weights of the "
            "encoder that manifest.json configures"
        ) from error
    layers = layers_of(read_graph(bundle.file(EXACT)))
    context, chunk, hop = manifest.context_frames, manifest.chunk_frames, manifest.hop

    @torch.inference_mode()
    def events(
        samples: npt.NDArray[np.float32],
        mu: int = DEFAULT_MU,
        progress: Progress = lambda share: None,
    ) -> Bits:
        frames = -(-len(samples) // hop)
        bits = [np.zeros((manifest.units, 0), np.bool_)]
        for start in range(0, frames, chunk):
            audio = window(samples, (start - context) * hop, (chunk + 2 * context) * hop)
            latent = encoder(torch.from_numpy(audio)[None, None])
            if before is not None:
                latent = before(latent, torch.tensor([mu]))
            payload = latent.round().clamp(-PAYLOAD_MAX, PAYLOAD_MAX)
            if price is not None:
                payload = price(payload, torch.tensor([mu]))
            inner = slice(context, context + min(chunk, frames - start))
            bits.append(network_events(payload, layers)[0, :, inner].numpy() > 0)
            progress(min(start + chunk, frames) / frames)
        return np.concatenate(bits, axis=1)

    return events


@torch.no_grad()
def bottleneck_events(layers: Sequence[ExactLayer], payload: npt.NDArray[np.int8]) -> Bits:
    """The events `(N, T) bool` that torch computes from `payload (M, T) int8`."""
    bits = [np.zeros((len(layers[-1].bias), 0), np.bool_)]
    for start in range(0, payload.shape[1], BLOCK):
        part = torch.from_numpy(payload[None, :, start : start + BLOCK].astype(np.float32))
        bits.append(network_events(part, layers)[0].numpy() > 0)
    return np.concatenate(bits, axis=1)
