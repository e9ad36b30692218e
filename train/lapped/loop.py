"""The training loop of the lapped codec: scale, one stage for each part, coder's tables."""

import numpy as np
import numpy.typing as npt
import torch
from rich.console import Console
from rich.progress import track
from torch import Tensor

from runtime.bundle import TABLES
from runtime.files import replacing
from runtime.lapped.model import CHUNK_FRAMES
from runtime.lapped.transform import basis, frames
from train.coder_tables import learned_tables
from train.data.crops import Crops
from train.data.sets import Music
from train.lapped.config import Lapped
from train.lapped.losses import (
    corrections_of,
    joint_loss,
    moved_levels,
    noise_loss,
    refiner_loss,
    units_loss,
)
from train.lapped.model import FLOOR, Crop, Model, crop
from train.lapped.residual import diffusion_loss, envelope_loss, given
from train.lapped.run import LappedRun
from train.parts import MakeCrop, Part, train_parts

SCALE_CROPS = 100
MOST_OCTAVES = 3.4  # of the usual steps of files, relative to the level of the sound


PARTS: dict[str, Part[Model, Crop]] = {
    "units": Part(("units", "mover", "rate"), units_loss),
    "refiner": Part(("refiner",), refiner_loss),
    "joint": Part(("units", "mover", "rate", "refiner"), joint_loss),
    "noise": Part(("noise",), noise_loss),
    "envelope": Part(("envelope",), lambda m, c, step: envelope_loss(m, given(m, c, step % 2 > 0))),
    "diffusion": Part(
        ("envelope", "velocity"),
        lambda m, c, step: diffusion_loss(m, given(m, c, step % 2 > 0), step // 2),
    ),
}
# What has its own draw of music; the position is part of the seed, so new names go to the end.
CROPS = ("scale", "units", "refiner", "joint", "noise", "tables", "envelope", "diffusion")


def crops_of(config: Lapped, music: Music) -> MakeCrop:
    """The crops of each stage: pure functions of its name and the step."""
    frames = dict.fromkeys(CROPS, config.frames) | {"tables": CHUNK_FRAMES}
    made = {
        name: Crops(music.train, 1, count * config.hop, config.seed + i)
        for i, (name, count) in enumerate(frames.items())
    }
    return lambda stage, step: made[stage](step)[0]


def train(run: LappedRun, resume: bool = False) -> None:
    """Train into a folder: checkpoint, log, and the coder's tables when all is done.

    Raises what `PartsRun.begun` raises.
    """
    start = run.begun(resume)
    model = Model(run.config)
    if start is None:
        model.scale.copy_(measured_scale(run))
    else:
        model.load_state_dict(start.part("model"))
    train_parts(run, model, PARTS, lambda name, step: _crop(run, model, name, step), start)
    write_tables(run, model)


def _crop(run: LappedRun, model: Model, name: str, step: int) -> Crop:
    rng = np.random.default_rng([run.config.seed, CROPS.index(name), step])
    return crop(run.crops(name, step), rng.uniform(*run.config.octaves), model.chip())


def measured_scale(run: LappedRun) -> Tensor:
    """Each bin's step over the chunk's, `(bins,)`: its mean energy to the power `evenness`."""
    config = run.config
    energy = np.zeros(config.bins)
    for step in range(SCALE_CROPS):
        cut = frames(run.crops("scale", step), config.hop)
        energy += np.square(cut @ basis(config.bins, config.hop).T).mean(0)
    level = smooth(np.log2(energy + 1e-12))
    scale = np.exp2(config.evenness * (level - level.max()))
    return torch.from_numpy(np.maximum(scale, FLOOR).astype(np.float32))


def smooth(level: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Levels `(bins,)` averaged over about a third of an octave to each side."""
    octave = np.log2(np.arange(len(level)) + 8)
    even = np.linspace(octave[0], octave[-1], 400)
    kernel = np.hanning(41)
    padded = np.pad(np.interp(even, octave, level), 20, mode="edge")
    return np.interp(octave, even, np.convolve(padded, kernel / kernel.sum(), "valid"))


def write_tables(run: LappedRun, model: Model) -> None:
    """Learn the coder's tables from music at all steps, and write them beside the checkpoint.

    Half of the chunks use the chip's thresholds, half those moved by the host.
    """
    config, units = run.config, model.chip()
    chunks, moves = [], []
    for step in track(range(config.table_crops), "tables", console=Console(stderr=True)):
        rng = np.random.default_rng([config.seed, CROPS.index("tables"), step])
        octave = rng.uniform(config.octaves[0], min(config.octaves[1], MOST_OCTAVES))
        made = crop(run.crops("tables", step), octave, units)
        q = made.levels(units) if step % 2 else moved_levels(model, made)
        chunks.append(q[0].numpy().astype(np.int32))
        moves.append(corrections_of(model, made).astype(np.int8))
    spacing = config.sample_rate / 2 / config.hop
    with replacing(run.folder / TABLES, overwrite=True) as temporary:
        temporary.write_bytes(learned_tables(chunks, spacing, moves).packed())
