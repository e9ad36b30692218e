"""One frozen tree of settings: what a preset file says, what a checkpoint records."""

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from runtime.errors import SpikingMusicError

HOP = 512
SAMPLE_RATE = 22_050
PRESETS = Path(__file__).with_name("presets")


class ConfigError(SpikingMusicError):
    """A preset or an override that does not fit the tree of settings."""


@dataclass(frozen=True)
class SeaNet:
    """SEANet: `filters` at the full rate, doubled at each of the `ratios` (decoder order)."""

    filters: int
    ratios: tuple[int, ...]
    frame_dilations: tuple[int, ...]  # dilated residual blocks at the frame rate
    last_kernel: int
    lstm: int  # layers; 0 keeps the context finite and the export independent of length


@dataclass(frozen=True)
class Code:
    """The bottleneck: `latent` channels into `units` events a frame, on the chip's grid or not."""

    latent: int
    units: int
    on_grid: bool


@dataclass(frozen=True)
class UNet:
    """The diffusion U-Net as three parallel lists, level by level (paper appendix)."""

    channels: tuple[int, ...]
    factors: tuple[int, ...]
    items: tuple[int, ...]
    features: int  # width of the embedding of the noise level
    on_residual: bool  # diffuse what the waveform decoder misses, not the sound itself
    residual_gain: float  # the residual's level relative to the waveform decoder's sound
    spectrum: tuple[float, ...]  # the residual's colour in dB (see runtime.colour); none: white


@dataclass(frozen=True)
class Stage:
    """One stage of training: `steps` of `batch` crops of `samples`, Adam with a cosine to zero."""

    steps: int
    batch: int
    samples: int
    learning_rate: float
    ema: float


@dataclass(frozen=True)
class Config:
    """A preset: two stages on the networks they train. A stage of 0 steps is left out."""

    name: str
    seed: int
    encoder: SeaNet
    code: Code
    waveform: SeaNet
    unet: UNet
    codes_stage: Stage
    diffusion_stage: Stage


def load_preset(name: str, overrides: list[str] | None = None) -> Config:
    """The preset `name` (or a TOML file's path) with overrides such as `codes_stage.steps=100`.

    Raises ConfigError for an unknown preset, a key that does not exist, or a value of another type.
    """
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in PRESETS.glob("*.toml")))
        raise ConfigError(f"preset {name!r} does not exist: choose one of {known}, or a .toml file")
    tree = tomllib.loads(path.read_text(encoding="utf-8"))
    for override in overrides or []:
        _override(tree, override)
    return from_dict(tree)


def _override(tree: dict[str, Any], text: str) -> None:
    key, separator, value = text.partition("=")
    *sections, last = key.split(".")
    branch: Any = tree
    for section in sections:
        branch = branch.get(section) if isinstance(branch, dict) else None
    if not separator or not isinstance(branch, dict) or last not in branch:
        raise ConfigError(f"--set {text}: write section.key=value with a key that the preset has")
    try:
        branch[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        branch[last] = value


def from_dict(tree: Any) -> Config:
    """A Config from nested dictionaries (TOML or JSON); raises ConfigError on any misfit."""
    config: Config = _build(Config, tree, "preset")
    return config


def to_dict(config: Config) -> dict[str, Any]:
    """Nested dictionaries that `from_dict` reads back."""
    return dataclasses.asdict(config)


def _build(kind: Any, tree: Any, where: str) -> Any:
    fields = {field.name: field.type for field in dataclasses.fields(kind)}
    if not isinstance(tree, dict) or set(tree) != set(fields):
        odd = sorted(set(fields) ^ set(tree)) if isinstance(tree, dict) else [tree]
        raise ConfigError(f"{where}: these keys are missing or unknown: {odd}")
    return kind(**{name: _value(fields[name], tree[name], f"{where}.{name}") for name in fields})


def _value(kind: Any, value: Any, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _build(kind, value, where)
    if get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_value(get_args(kind)[0], item, where) for item in value)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and type(value) is kind:
        return value
    raise ConfigError(f"{where}: {value!r} is not of type {getattr(kind, '__name__', kind)}")
