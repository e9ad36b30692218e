"""The stages of a training: what each one trains, computes and minimises."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn

from runtime.decoders.samplers import levels
from train.config import STAGES, Config, FewSchedule, Schedule, Spectral, schedule_of
from train.networks.model import Model
from train.objectives.losses import WINDOWS, diffuse, mel_distance, noise_ratio, undiffuse
from train.objectives.sparsity import deviation, hinge

NOISE_WEIGHT = 0.1  # of a ratio in dB
WARM_UP = 100  # steps

CODE = ("encoder", "before", "bottleneck", "after")
Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Stage:
    """One stage of a run: its name, its schedule, and the modules it trains."""

    name: str
    schedule: Schedule
    modules: tuple[str, ...]

    @property
    def trains_code(self) -> bool:
        """Whether the events may change in this stage."""
        return "bottleneck" in self.modules

    @property
    def few(self) -> bool:
        """Whether the U-Net's loss is that of the sound after few steps."""
        return isinstance(self.schedule, FewSchedule)

    @property
    def diffuses(self) -> bool:
        """Whether the U-Net's loss is that of its velocity."""
        return "unet" in self.modules and not self.few


def stages_of(config: Config) -> list[Stage]:
    """The stages of a preset in order; without a codes stage, diffusion trains end to end."""
    end_to_end = config.codes_stage.steps == 0
    modules = {
        "codes": (*CODE, "waveform"),
        "diffusion": (*CODE, "unet") if end_to_end else ("unet",),
        "joint": (*CODE, "waveform", "unet"),
        "few": ("unet",),
    }
    found = [Stage(name, schedule_of(config, name), modules[name]) for name in STAGES]
    return [stage for stage in found if stage.schedule.steps]


@dataclass(frozen=True)
class Mel:
    """The mel distance in a step: its `windows`, the stride over the crops, and its weight."""

    windows: tuple[int, ...]
    every: int
    weight: float


WHOLE_MEL = Mel(WINDOWS, 1, 0.5)


@dataclass(frozen=True, eq=False)
class Batch:
    """The inputs of a step, drawn for the whole batch so that processes can share it.

    `audio: (B, 1, n)` float32; `mu: (B,)` int64; `sigma: (B,)` float32 in 0..1; `noise` as audio;
    `path: (L,)` float32, the noise levels that a sampler with few steps has passed, from 1 down;
    `mel`: how the mel distance is computed.
    """

    audio: Tensor
    mu: Tensor
    sigma: Tensor
    noise: Tensor
    path: Tensor
    mel: Mel = WHOLE_MEL


def draw(audio: Tensor, config: Config, step: int, batch: int, rank: int) -> Batch:
    """A step's batch for one process: its `audio`, and its share of the random draws."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    share = slice(rank * len(audio), (rank + 1) * len(audio))
    low, high = config.sparsity.mu
    mu = torch.randint(low, high + 1, (batch,), generator=generator)
    # Noise levels are spread evenly over the batch, so that every step sees all of them.
    sigma = (torch.rand(1, generator=generator) + torch.arange(batch) / batch) % 1
    noise = torch.randn((batch, *audio.shape[1:]), generator=generator)
    counts = config.few_stage.sampler_steps
    steps = counts[int(torch.randint(len(counts), (), generator=generator))]
    length = int(torch.randint(1, steps + 1, (), generator=generator))
    path = torch.tensor(levels(steps)[:length], dtype=torch.float32)
    drawn = (mu[share], sigma[share], noise[share], path)
    mu, sigma, noise, path = (tensor.to(audio.device) for tensor in drawn)
    # At the frame rate a step is so cheap that the full mel distance would take half of it.
    part = Mel((WINDOWS[step % len(WINDOWS)],), 2, 0.1)
    mel = part if isinstance(config.waveform, Spectral) else WHOLE_MEL
    return Batch(audio, mu, sigma, noise, path, mel)


class Network(nn.Module):
    """The forward pass of a stage, which data-parallel training wraps."""

    def __init__(self, model: Model, stage: Stage) -> None:
        super().__init__()
        self.model = model
        self.stage = stage

    def forward(
        self, audio: Tensor, mu: Tensor, sigma: Tensor, noise: Tensor, path: Tensor
    ) -> dict[str, Tensor]:
        """`Batch` to the outputs that the stage's losses need, by name."""
        model = self.model
        coded = model.code(audio, mu)
        outputs = {"events": coded.events, "commitment": coded.commitment}
        if "waveform" in self.stage.modules:
            outputs["decoded"] = model.waveform(coded.heard)
        if self.stage.diffuses:
            with torch.no_grad():  # the code must not change to make the U-Net's task easier
                base, target = model.residual(audio, coded.heard)
                sample, outputs["velocity"] = diffuse(target, noise, sigma)
            outputs["predicted"] = model.unet(sample, sigma, coded.heard, base)
        if self.stage.few:
            outputs["decoded"] = sampled_in_few(model, coded.heard, noise, path)
        return outputs


def sampled_in_few(model: Model, heard: Tensor, noise: Tensor, path: Tensor) -> Tensor:
    """The sound `(B, 1, n)` that a sampler estimates after passing a `path` of noise levels.

    All steps but the last are DDIM steps without gradient. So the U-Net learns from samples that it
    made itself, and the loss is that of the sound in which each step would end. This follows
    "backward distillation" (Kohler et al. 2024, arXiv 2405.05224), but with the recording in place
    of a teacher, since more steps do not make a better teacher here.
    """
    sound, base = model.begun(heard)
    sample = noise
    with torch.no_grad():
        for sigma, following in pairwise(path):
            level = sigma.expand(len(sample))
            velocity = model.unet(sample, level, heard, base).float()
            made, rest = undiffuse(sample, velocity, level)
            sample, _ = diffuse(made, rest, following.expand(len(sample)))
    level = path[-1].expand(len(sample))
    made, _ = undiffuse(sample, model.unet(sample, level, heard, base).float(), level)
    return model.restored(made, sound)


def sound_losses(batch: Batch, outputs: dict[str, Tensor]) -> Losses:
    """The losses of the decoded sound, if the stage has one: noise ratio and mel distance."""
    if "decoded" not in outputs:
        return {}
    noise = NOISE_WEIGHT * noise_ratio(batch.audio, outputs["decoded"]).mean()
    audio, decoded = (s[:: batch.mel.every] for s in (batch.audio, outputs["decoded"]))
    mel = mel_distance(audio, decoded, batch.mel.windows)
    return {"noise": noise, "mel": batch.mel.weight * mel}


def velocity_loss(outputs: dict[str, Tensor]) -> Losses:
    """The U-Net's loss: squared error over the power of the target, mean over clips.

    It is relative to each clip's power, so that a clip that the codes miss does not outweigh all
    others.
    """
    if "predicted" not in outputs:
        return {}
    velocity = outputs["velocity"]
    error = (outputs["predicted"] - velocity).square().mean((1, 2))
    return {"velocity": (error / velocity.square().mean((1, 2))).mean()}


def code_losses(config: Config, batch: Batch, outputs: dict[str, Tensor], weight: float) -> Losses:
    """The losses of the code itself: RVQ's commitment, or the price of events times `weight`."""
    kind = config.code.kind
    if kind == "RVQ":
        return {"commitment": config.rvq.commitment * outputs["commitment"]}
    if config.code.groups > 1:
        return {"remainder": outputs["commitment"]}
    if kind == "SPARSE":
        price = hinge(outputs["events"], config.sparsity.budget_kbps)
    elif kind == "MU_SPARSE":
        price = deviation(outputs["events"], batch.mu)
    else:
        return {}
    return {"price": weight * price} if weight else {}


def learning_rate(schedule: Schedule, step: int) -> float:
    """A linear warm-up, then a cosine that ends at zero with the stage."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / schedule.steps))
    return schedule.learning_rate * cosine * min(1.0, (step + 1) / WARM_UP)
