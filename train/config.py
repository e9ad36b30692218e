"""The settings of a training as one frozen tree, read from presets and stored in checkpoints."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from tomllib import TOMLDecodeError
from types import UnionType
from typing import Any, get_args, get_origin

from runtime.errors import ConfigError
from runtime.kinds import KINDS as EVENT_KINDS
from runtime.kinds import LAPPED
from runtime.untrusted import UntrustedError, parse_toml, read_toml

HOP = 512
SAMPLE_RATE = 22_050
CLIP_FRAMES = 256  # a clip of the paper, 5.944 s, and a chunk of the format
MUS = 32  # paper section 3: an integer in 0..31
STAGES = ("codes", "diffusion", "joint", "few")  # in the order in which they run
# Those of the paper, with RVQ and MEL to compare them with; LAPPED has a configuration of its own.
KINDS = (*(kind for kind in EVENT_KINDS if kind != LAPPED), "RVQ", "MEL")
_MANY = 1 << 31  # limit of any count
PRESETS = Path(__file__).with_name("presets")


@dataclass(frozen=True)
class SeaNet:
    """SEANet: `filters` at the full rate, doubled at each of the `ratios` (decoder order)."""

    filters: int
    ratios: tuple[int, ...]
    frame_dilations: tuple[int, ...]  # dilated residual blocks at the frame rate
    last_kernel: int
    lstm: int  # layers; 0 keeps the context finite and the export independent of length
    kind: str = "seanet"


@dataclass(frozen=True)
class Spectral:
    """A trunk at the frame rate: Fourier frames, then a residual block for each of `dilations`."""

    kind: str  # "spectral"
    channels: int
    kernel: int  # of the convolution over frames in a block
    dilations: tuple[int, ...]
    window: int  # samples of a Fourier frame, a multiple of 512 and at least 2048
    top: float  # Hz, up to where each complex bin is seen or made by itself
    above: int  # mel bands that an encoder also takes; the rank of what a decoder adds above `top`
    spectrum: tuple[float, ...]  # a decoder's: the level of its bins in dB (see decoders.colour)


Trunk = SeaNet | Spectral


@dataclass(frozen=True)
class Code:
    """The bottleneck: its `kind`, `latent` channels into `units` events a frame.

    `on_grid`: the forward pass is the chip's integer arithmetic. If there are several `groups` of
    units, they inhibit each other: first each one after those before it, then in `sweeps` over all.
    """

    kind: str  # one of KINDS
    latent: int
    units: int
    on_grid: bool
    groups: int = 1
    sweeps: int = 0

    @property
    def has_mu(self) -> bool:
        """Whether one model serves many rates, chosen by mu."""
        return self.kind == "MU_SPARSE"

    @property
    def is_sparse(self) -> bool:
        """Whether events have a price."""
        return self.kind in ("SPARSE", "MU_SPARSE")

    @property
    def has_context(self) -> bool:
        """Whether conformers stand on each side of the bottleneck, as in the paper's section 3."""
        return self.is_sparse and self.groups == 1

    @property
    def hears_price(self) -> bool:
        """Whether payloads tell the units the price of an event, which depends on mu."""
        return self.has_mu and self.groups > 1


@dataclass(frozen=True)
class Conformer:
    """The context of SPARSE and MU_SPARSE: `layers` blocks on each side of the bottleneck."""

    layers: int
    heads: int
    kernel: int  # of the depthwise convolution, frames
    reach: int  # frames that the attention sees on each side


@dataclass(frozen=True)
class Rvq:
    """The bottleneck of the RVQ baseline: `quantisers` codebooks of `codes` vectors."""

    quantisers: int
    codes: int
    decay: float  # of the exponential averages
    commitment: float  # weight of its loss


@dataclass(frozen=True)
class Sparsity:
    """The price of events: its weight (paper: gamma) is zero, then grows, then stays constant.

    It stays constant from step `ramp_end` on, or once the running density has fallen to `density`.
    SPARSE pays for what exceeds `budget_kbps` (paper: B0); MU_SPARSE draws mu from `mu`. With
    groups that inhibit each other only `density` counts: the price is steered until it is reached.
    """

    weight: float
    ramp_start: int
    ramp_end: int
    density: float
    budget_kbps: float
    mu: tuple[int, ...]  # lowest and highest


@dataclass(frozen=True)
class Adversary:
    """The discriminator of the waveform decoder: a scale for each window; none without windows.

    The weights are shares of the gradient after balancing.
    """

    windows: tuple[int, ...]  # samples
    filters: int
    start: int  # step of the codes stage
    learning_rate: float
    noise_weight: float
    mel_weight: float
    adversarial_weight: float
    feature_weight: float


@dataclass(frozen=True)
class UNet:
    """The diffusion U-Net as three parallel lists, level by level (paper appendix)."""

    channels: tuple[int, ...]
    factors: tuple[int, ...]
    items: tuple[int, ...]
    features: int  # width of the embedding of the noise level
    on_residual: bool  # whether to diffuse what the waveform decoder misses, not the sound itself
    residual_gain: float  # the residual's level relative to the waveform decoder's sound
    spectrum: tuple[float, ...]  # the residual's colour in dB (see decoders.colour); none: white


@dataclass(frozen=True)
class Schedule:
    """One stage of training: `steps` steps of `batch` crops of `samples`, by Adam with a cosine.

    From step `settle` on, the code's batch norm keeps its statistics, so that training uses the
    network that will be deployed. MU_SPARSE needs this, since the statistics of a batch mix rates.
    """

    steps: int
    settle: int
    batch: int
    samples: int
    learning_rate: float
    ema: float


@dataclass(frozen=True)
class FewSchedule(Schedule):
    """The stage that fits the U-Net to samplers with few steps: `sampler_steps`, equally often."""

    sampler_steps: tuple[int, ...]


# The default for settings written before this stage existed.
NO_FEW = FewSchedule(0, 0, 8, 32_768, 3e-4, 0.99, (1, 2, 4))


@dataclass(frozen=True)
class Config:
    """A preset: the networks, and the stages that train them. A stage with 0 steps is skipped.

    `codes` trains encoder, bottleneck and waveform decoder; `diffusion` the U-Net on frozen codes,
    or everything end to end if no stage came before it; `joint` all of them together; `few` the
    U-Net again, by the sound that few steps give.
    """

    name: str
    seed: int
    start_from: str  # a run, or a bundle's trunk ("shipped": the shipped bundle's); "": random
    encoder: Trunk
    code: Code
    conformer: Conformer
    rvq: Rvq
    sparsity: Sparsity
    waveform: Trunk
    adversary: Adversary
    unet: UNet
    codes_stage: Schedule
    diffusion_stage: Schedule
    joint_stage: Schedule
    few_stage: FewSchedule = NO_FEW


def load_preset(name: str, overrides: list[str] | None = None) -> Config:
    """The preset `name` (or a TOML file's path) with overrides such as `codes_stage.steps=100`.

    Raises ConfigError for an unknown preset, a key that does not exist, or a value of another type.
    """
    return from_dict(read_preset(name, overrides))


def read_preset(name: str, overrides: list[str] | None = None) -> dict[str, Any]:
    """A preset as nested dictionaries; see `load_preset`."""
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in PRESETS.glob("*.toml")))
        raise ConfigError(f"preset {name!r} does not exist: choose one of {known}, or a .toml file")
    try:
        tree = read_toml(path)
    except UntrustedError as error:
        raise ConfigError(f"{path}: {error}; correct it") from error
    for override in overrides or []:
        _override(tree, override)
    return tree


def _override(tree: dict[str, Any], text: str) -> None:
    key, separator, value = text.partition("=")
    *sections, last = key.split(".")
    branch: Any = tree
    for section in sections:
        branch = branch.get(section) if isinstance(branch, dict) else None
    if not separator or not isinstance(branch, dict) or last not in branch:
        raise ConfigError(f"--set {text}: write section.key=value with a key that the preset has")
    try:
        branch[last] = parse_toml(f"value = {value}")["value"]
    except UntrustedError as error:
        if not isinstance(error.__cause__, TOMLDecodeError):
            raise ConfigError(f"--set {key}: its value {error}") from error
        branch[last] = value  # a text does not need quotes


def from_dict(tree: Any) -> Config:
    """A Config from nested dictionaries (TOML or JSON); raises ConfigError on any misfit."""
    config: Config = build(Config, tree, "preset")
    _check(config)
    return config


def _check(config: Config) -> None:
    """Refuse settings that would fail only during training, with an error that names no key."""
    if config.code.kind not in KINDS:
        raise ConfigError(f"code.kind {config.code.kind!r}: choose one of {', '.join(KINDS)}")
    _check_groups(config.code)
    for name in ("encoder", "waveform"):
        _check_trunk(name, getattr(config, name))
    mu = config.sparsity.mu
    if len(mu) != 2 or not 0 <= mu[0] <= mu[1] < MUS:
        raise ConfigError(
            f"sparsity.mu {list(mu)}: give the lowest and the highest, of 0..{MUS - 1}"
        )
    frame = math.lcm(HOP, math.prod(config.unet.factors))
    counts = config.few_stage.sampler_steps
    if not counts or min(counts) < 1:
        raise ConfigError(f"few_stage.sampler_steps {list(counts)}: give counts of at least 1")
    for name in STAGES:
        stage = schedule_of(config, name)
        if stage.steps < 0 or stage.batch < 1 or stage.samples < 1 or stage.samples % frame:
            raise ConfigError(
                f"{name}_stage: {stage.steps} steps of {stage.batch} crops of {stage.samples} "
                f"samples: give at least one crop, and a multiple of {frame} samples"
            )


def schedule_of(config: Config, stage: str) -> Schedule:
    """The schedule of the stage of that name, one of STAGES."""
    schedule: Schedule = getattr(config, f"{stage}_stage")
    return schedule


def _check_groups(code: Code) -> None:
    if code.groups < 1 or code.sweeps < 0 or code.units % code.groups:
        raise ConfigError(
            f"code: {code.units} units in {code.groups} groups, {code.sweeps} sweeps: "
            "give a number of groups that divides the units"
        )
    if code.groups > 1 and (code.kind not in EVENT_KINDS or not code.on_grid):
        raise ConfigError(
            f"code.groups {code.groups}: only codes of events on the grid have groups; set it to 1"
        )


def _check_trunk(name: str, trunk: Trunk) -> None:
    if isinstance(trunk, Spectral) and (trunk.window < 4 * HOP or trunk.window % HOP):
        raise ConfigError(
            f"{name}.window {trunk.window}: give a multiple of {HOP}, {4 * HOP} or more"
        )


def to_dict(config: Config) -> dict[str, Any]:
    """Nested dictionaries; `from_dict` undoes this."""
    return dataclasses.asdict(config)


def build(kind: Any, tree: Any, where: str) -> Any:
    """A dataclass `kind` from nested dictionaries; raises ConfigError naming the key `where`."""
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    known = {f.name for f in dataclasses.fields(kind) if f.default is not dataclasses.MISSING}
    if not isinstance(tree, dict) or (set(tree) | known) != set(fields):
        odd = sorted(set(fields) ^ (set(tree) | known)) if isinstance(tree, dict) else [tree]
        raise ConfigError(f"{where}: these keys are missing or unknown: {odd}")
    return kind(**{name: _value(fields[name], tree[name], f"{where}.{name}") for name in tree})


def _value(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, UnionType):
        return build(_trunk(value, where), value, where)
    if dataclasses.is_dataclass(kind):
        return build(kind, value, where)
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_value(get_args(kind)[0], item, where) for item in value)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        if isinstance(value, int) and not 0 <= value < _MANY:
            raise ConfigError(f"{where}: {value} is not in 0..{_MANY - 1}")
        return value
    raise ConfigError(f"{where}: {value!r} is not of type {getattr(kind, '__name__', kind)}")


def _trunk(tree: Any, where: str) -> Any:
    """A trunk of the class that its `kind` names; SEANet needs no `kind`."""
    kinds = {"seanet": SeaNet, "spectral": Spectral}
    kind = tree.get("kind", "seanet") if isinstance(tree, dict) else tree
    if not isinstance(kind, str) or kind not in kinds:
        raise ConfigError(f"{where}.kind: {kind!r} is not one of {', '.join(kinds)}")
    return kinds[kind]
