"""The training of a diffusion decoder: first the envelope, then it and the velocity."""

from pathlib import Path

import numpy as np

from runtime.bundle import Bundle, open_bundle
from runtime.codec import Codec
from runtime.errors import ConfigError
from runtime.lapped.noise import HOP
from train.config import SAMPLE_RATE
from train.data.crops import Crops
from train.data.sets import Music
from train.diffusion.config import Diffusion
from train.diffusion.model import Crop, Model, crop, given
from train.diffusion.run import DiffusionRun
from train.lapped.residual import diffusion_loss, envelope_loss
from train.parts import MakeCrop, Part, train_parts

# What has its own draw of music; the position is part of the seed, so new names go to the end.
CROPS = ("envelope", "diffusion")


PARTS: dict[str, Part[Model, Crop]] = {
    "envelope": Part(("envelope",), lambda m, c, _: envelope_loss(m, given(c, SAMPLE_RATE))),
    "diffusion": Part(
        ("envelope", "velocity"),
        lambda m, c, step: diffusion_loss(m, given(c, SAMPLE_RATE), step),
    ),
}


def crops_of(config: Diffusion, music: Music) -> MakeCrop:
    """The crops of each stage: pure functions of its name and the step."""
    made = {
        name: Crops(music.train, 1, config.frames * HOP, config.seed + i)
        for i, name in enumerate(CROPS)
    }
    return lambda stage, step: made[stage](step)[0]


def train(run: DiffusionRun, resume: bool = False) -> None:
    """Train into a folder: checkpoint and log.

    Raises ConfigError for a bundle that cannot have it, and what `PartsRun.begun`
    raises.
    """
    bundle = open_bundle(Path(run.config.bundle))
    require_waveform(bundle)
    start, model = run.begun(resume), Model(run.config)
    if start is not None:
        model.load_state_dict(start.part("model"))
    elif run.config.start_from:
        model.start_from(run.config.start_from)
    codec = Codec(bundle)
    train_parts(run, model, PARTS, lambda name, step: _crop(run, codec, name, step), start)


def require_waveform(bundle: Bundle) -> None:
    """Raise ConfigError unless a bundle has a waveform decoder and nothing beside it."""
    manifest = bundle.manifest
    if manifest.lapped or not manifest.has_waveform or manifest.has_unet:
        have = "a U-Net" if manifest.has_unet else f"kind {manifest.kind}"
        raise ConfigError(
            f"bundle {bundle.path}: has {have}; choose a bundle of the paper's kinds that is "
            "decoded by its waveform decoder alone, such as spectral"
        )
    if (manifest.hop, manifest.sample_rate) != (HOP, SAMPLE_RATE):
        raise ConfigError(
            f"bundle {bundle.path}: a hop of {manifest.hop} samples at {manifest.sample_rate} Hz; "
            f"this diffusion is for {HOP} at {SAMPLE_RATE}"
        )


def _crop(run: DiffusionRun, codec: Codec, name: str, step: int) -> Crop:
    """A crop, at one of the rates for which the bundle was trained if it has several."""
    manifest, mu = codec.manifest, None
    if manifest.has_mu:
        rng = np.random.default_rng([run.config.seed, CROPS.index(name), step])
        low, high = manifest.training["config"]["sparsity"]["mu"]
        mu = int(rng.integers(low, high, endpoint=True))
    return crop(codec, run.crops(name, step), mu)
