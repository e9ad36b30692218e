"""The arguments and options that several verbs take."""

from pathlib import Path
from typing import Annotated

import typer

from runtime.kinds import DecoderName, SamplerName

Recorded = Annotated[str, typer.Argument(metavar="AUDIO", help="A recording: WAV, FLAC, ... or -")]
Stored = Annotated[str, typer.Argument(metavar="FILE.spk", help="A stored recording, or -")]
OfBundle = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="DIR", help="A folder, small or small-mu  [default: small]"),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite what exists")]
AsJson = Annotated[bool, typer.Option("--json", help="Report as JSON")]
Steps = Annotated[float, typer.Option("--dt", metavar="SECONDS", help="Of one step of a graph")]
DT = 1e-4  # s; the step that other tools assume for every NIR file
HowToDecode = Annotated[
    DecoderName | None,
    typer.Option("--decoder", help="How to decode  [default: the model's]"),
]
OfSampler = Annotated[
    SamplerName | None,
    typer.Option("--sampler", help="Of the diffusion  [default: the model's]"),
]
OfSteps = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", help="Of the diffusion  [default: the model's]"),
]
OfSeed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Of the diffusion's noise  [default: 0]")
]
