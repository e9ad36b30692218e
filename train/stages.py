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
        """Whether the U-Net is judged by the sound of few steps."""
        return isinstance(self.schedule, FewSchedule)

    @property
    def diffuses(self) -> bool:
        """Whether the U-Net is judged by its velocity."""
        return "unet" in self.modules and not self.few


def stages_of(config: Config) -> list[Stage]:
    """The stages of a preset in order; without a codes stage the diffusion is end to end."""
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
    """The mel distance of a step: over which `windows`, of every how many crops, its weight."""

    windows: tuple[int, ...]
    every: int
    weight: float


WHOLE_MEL = Mel(WINDOWS, 1, 0.5)


@dataclass(frozen=True, eq=False)
class Batch:
    """What a step is computed from, drawn for the whole batch so that processes can share it.

    `audio: (B, 1, n)` float32; `mu: (B,)` int64; `sigma: (B,)` float32 in 0..1; `noise` as audio;
    `path: (L,)` float32, the noise levels that a sampler of few steps has come down, from 1;
    `mel`, what of its distance is computed.
    """

    audio: Tensor
    mu: Tensor
    sigma: Tensor
    noise: Tensor
    path: Tensor
    mel: Mel = WHOLE_MEL


def draw(audio: Tensor, config: Config, step: int, batch: int, rank: int) -> Batch:
    """A step's batch for one process: its `audio`, and its share of the draws for all."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + step)
    share = slice(rank * len(audio), (rank + 1) * len(audio))
    low, high = config.sparsity.mu
    mu = torch.randint(low, high + 1, (batch,), generator=generator)
    # Spread over the batch, so that every step sees all noise levels.
    sigma = (torch.rand(1, generator=generator) + torch.arange(batch) / batch) % 1
    noise = torch.randn((batch, *audio.shape[1:]), generator=generator)
    counts = config.few_stage.sampler_steps
    steps = counts[int(torch.randint(len(counts), (), generator=generator))]
    length = int(torch.randint(1, steps + 1, (), generator=generator))
    path = torch.tensor(levels(steps)[:length], dtype=torch.float32)
    drawn = (mu[share], sigma[share], noise[share], path)
    mu, sigma, noise, path = (tensor.to(audio.device) for tensor in drawn)
    # A step at the frame rate costs so little that the whole mel distance would be half of it.
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
            with torch.no_grad():  # the U-Net's task is given, not to be made easy
                base, target = model.residual(audio, coded.heard)
                sample, outputs["velocity"] = diffuse(target, noise, sigma)
            outputs["predicted"] = model.unet(sample, sigma, coded.heard, base)
        if self.stage.few:
            outputs["decoded"] = sampled_in_few(model, coded.heard, noise, path)
        return outputs


def sampled_in_few(model: Model, heard: Tensor, noise: Tensor, path: Tensor) -> Tensor:
    """The sound `(B, 1, n)` that a sampler sees when it has come down a `path` of noise levels.

    The steps before the last one are those of DDIM and have no gradient: the U-Net learns from the
    samples that it makes itself, not from those of training, and what counts is the sound that each
    step would end in. After "backward distillation" (Kohler et al. 2024, arXiv 2405.05224), with
    the recording in place of a teacher, who is not the better for more steps here.
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

    Relative to each clip's power, since a clip that the codes miss would outweigh all others.
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


def learning_rate(schedule: Schedule, base: float, step: int, warm_up: int = 100) -> float:
    """A linear warm-up, then a cosine that ends at zero with the stage."""
    cosine = 0.5 * (1 + math.cos(math.pi * step / schedule.steps))
    return base * cosine * min(1.0, (step + 1) / warm_up)
