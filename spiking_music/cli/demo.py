"""The whole way on one recording."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.options import AsJson, BundleDir, Force


def demo(
    audio: Annotated[
        str | None,
        typer.Argument(
            metavar="AUDIO",
            help="A recording (WAV, FLAC, ...), or - for stdin",
            show_default="a piano clip that ships",
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the outputs")] = Path("demo"),
    bundle: BundleDir = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Encode, simulate, decode and price a recording in a report."""
    from spiking_music.cli import terminal
    from spiking_music.report.demo import default_clip, run
    from spiking_music.report.summary import summary

    with terminal.given(audio or str(default_clip())) as path:
        report = run(path, out, bundle, force, terminal.stage)
    if as_json:
        terminal.print_json(report)
    else:
        terminal.show(f"{out / 'report.html'}", summary(report), as_json=False)
