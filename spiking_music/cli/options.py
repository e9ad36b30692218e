"""The arguments and options that several verbs take."""

import math
from pathlib import Path
from typing import Annotated

import typer

from runtime.kinds import DecoderName, Effort, SamplerName


def finite(text: str) -> float:
    """Parse a number that is neither NaN nor infinite, for options that take one."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise typer.BadParameter(f"{text!r} is not a number")
    return value


AudioFile = Annotated[
    str, typer.Argument(metavar="AUDIO", help="A recording (WAV, FLAC, ...), or - for stdin")
]
SpkFile = Annotated[
    str, typer.Argument(metavar="FILE.spk", help="A stored recording, or - for stdin")
]
_MODEL = "The model: a folder, or the name of a bundle that ships"
BundleDir = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="BUNDLE", help=_MODEL, show_default="lapped"),
]
PaperBundle = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="BUNDLE", help=_MODEL, show_default="small"),
]
ReadBundle = Annotated[
    Path | None,
    typer.Option(
        "--bundle", metavar="BUNDLE", help=_MODEL, show_default="the shipped one that made the file"
    ),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite existing files")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the report as JSON")]
TimeStep = Annotated[
    float | None,
    typer.Option(
        "--dt",
        parser=finite,
        metavar="SECONDS",
        help="Duration of one time step of the network",
        show_default="the dialect's",
    ),
]
Dialect = Annotated[
    str | None,
    typer.Option(
        "--dialect",
        metavar="NAME",
        help="Run a NIR graph as this framework does (docs/nir.md)",
        show_default="nir",
    ),
]
InputFile = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="FILE",
        help="Input of the network, (T, ...): .npy, .npz, .h5, events, sound (docs/nir.md); "
        "NAME=FILE for each of several",
    ),
]
Frame = Annotated[
    float | None,
    typer.Option(
        "--frame",
        metavar="SECONDS",
        help="Duration of one step of the input, if it is not that of the network",
        show_default="--dt",
    ),
]
Decoder = Annotated[
    DecoderName | None,
    typer.Option("--decoder", help="Decoder", show_default="the model's"),
]
Sampler = Annotated[
    SamplerName | None,
    typer.Option("--sampler", help="Sampler of the diffusion decoder", show_default="the model's"),
]
DenoisingSteps = Annotated[
    int | None,
    typer.Option(
        "--steps",
        metavar="N",
        min=1,
        help="Denoising steps of the diffusion decoder",
        show_default="the model's",
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed", metavar="N", help="Seed of the diffusion decoder's noise", show_default="0"
    ),
]
Step = Annotated[
    int | None,
    typer.Option(
        "--step",
        metavar="0..2047",
        help="Rate of a LAPPED model, 64 steps an octave",
        show_default="follows the loudness",
    ),
]
EffortOption = Annotated[
    Effort | None,
    typer.Option(
        "--effort",
        help="LAPPED: thresholds of a chip, or better, moved by the host; FREE and "
        "MU_SPARSE: best, entries that a search turns",
        show_default="certified",
    ),
]
Mu = Annotated[
    int | None,
    typer.Option("--mu", metavar="0..31", help="Rate of a MU_SPARSE model", show_default="16"),
]
