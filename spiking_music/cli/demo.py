"""The whole way on one recording."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.options import AsJson, Force, OfBundle


def demo(
    audio: Annotated[
        str | None, typer.Argument(metavar="AUDIO", help="[default: a shipped clip]")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For the outputs")] = Path("demo"),
    bundle: OfBundle = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Go the whole way on one recording and write a report of it."""
    from spiking_music.cli import terminal
    from spiking_music.report.demo import default_clip, run, summary

    with terminal.given(audio or str(default_clip())) as path:
        report = run(path, out, bundle, force, terminal.stage)
    if as_json:
        terminal.print_json(report)
    else:
        terminal.show(f"{out / 'report.html'}", summary(report), as_json=False)
