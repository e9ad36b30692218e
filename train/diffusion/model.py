"""The nets that tell what a waveform lacks, and what they are given of a crop."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from runtime.audio.samples import Samples
from runtime.bundle import DIFFUSION, ENVELOPE, open_bundle
from runtime.codec import Codec
from runtime.decoders.short_diffusion import known
from runtime.errors import ConfigError
from runtime.lapped import short
from runtime.lapped.noise import HOP
from train.diffusion.config import Diffusion
from train.lapped.diffusion import Diffusing, Envelope, Velocity
from train.lapped.residual import Given
from train.onnx_weights import read_weights


class Model(Diffusing):
    """The envelope and the velocity."""

    def __init__(self, config: Diffusion) -> None:
        super().__init__()
        torch.manual_seed(config.seed)
        self.config, self.noise_price = config, config.noise_price
        self.envelope = Envelope(config.envelope_width)
        self.velocity = Velocity(config.velocity_width, config.envelope_width)

    def start_from(self, bundle: str) -> None:
        """Load the envelope and the velocity of a bundle.

        Raises ConfigError if they have other sizes, BundleError if there are none.
        """
        opened = open_bundle(Path(bundle))
        for net, file in ((self.envelope, ENVELOPE), (self.velocity, DIFFUSION)):
            weights = read_weights(opened, file)
            try:
                net.load_state_dict({name: weights[name] for name in net.state_dict()})
            except (KeyError, RuntimeError) as error:
                raise ConfigError(
                    f"start_from: {file} of {bundle} has other sizes; give the widths with which "
                    "it was trained"
                ) from error


@dataclass(frozen=True, eq=False)
class Crop:
    """A crop: its `sound (n,)`, the same `decoded` from a bundle's events, how many units fire.

    The last as `count (T,)`.
    """

    sound: Samples
    decoded: Samples
    count: npt.NDArray[np.float32]


def crop(codec: Codec, sound: Samples, mu: int | None) -> Crop:
    """A crop of whole hops, through the codec's waveform decoder."""
    piece = codec.encode(sound, codec.manifest.sample_rate, mu=mu)
    count = piece.events.bits.sum(0, dtype=np.float32)
    return Crop(sound, codec.decode(piece, "fast"), count)


def given(crop: Crop, rate: int) -> Given:
    """What diffusion is given of the inner hops of a crop."""
    base, filled, coarse = known(crop.decoded, crop.count, rate)
    residual = short.analysed(crop.sound - crop.decoded)[1:-1]
    inner = slice(HOP, len(crop.sound) - HOP)
    return Given(
        sound=torch.from_numpy(crop.sound[inner])[None],
        decoded=torch.from_numpy(crop.decoded[inner])[None],
        residual=torch.from_numpy(residual)[None],
        levels=torch.from_numpy(filled)[None],
        features=torch.from_numpy(short.features(base, filled, coarse))[None],
        cells=None,
    )
