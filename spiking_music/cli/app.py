"""The application that the verbs join, and the words that several of them take."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="spiking-music",
    help="Piano as spikes: an audio codec whose bottleneck runs bit for bit on neuromorphic chips.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # which would take "[default: small]" for markup, and drop it
    pretty_exceptions_enable=False,
)

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
