"""How sound is decoded."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.app import Bundle, Clips, Json, OfBundle, app


@app.command()
def decoding(
    bundle: Bundle = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SOURCE", help="As for evaluate  [default: the shipped clips]"),
    ] = None,
    clips: Clips = None,
    json: Json = None,
) -> None:
    """How good and how fast each sampler is by its steps, beside the fast decoder."""
    from benchmarks.decoding import measure, write
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets
    from spiking_music.report.demo import default_clip

    sets, _ = clip_sets(data or [f"shipped={default_clip().parent}"], clips)
    with terminal.progress("decoding") as progress:
        figures = measure(bundle, sets, progress)
    write(figures, json)


@app.command()
def diffusion(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")],
    kbps: Annotated[
        list[float] | None,
        typer.Option(help="Of payload; repeat it  [default: 0.7, 1, 1.5, 3.445]"),
    ] = None,
    way: Annotated[
        list[str] | None, typer.Option(help="Of decoding; repeat it  [default: all]")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: lapped]")
    ] = None,
    clips: Clips = None,
    visqol: Annotated[bool, typer.Option(help="Which takes most of the time")] = True,
    json: Json = None,
) -> None:
    """How near each way to hear a LAPPED file comes, by every measure, on average and at worst."""
    from benchmarks.diffusion import measure, write
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets

    sets, _ = clip_sets(data, clips)
    with terminal.progress("diffusion") as progress:
        figures = measure(bundle, sets, kbps, way, visqol, progress)
    write(figures, json)


@app.command()
def seams(
    audio: Annotated[
        Path | None, typer.Argument(help="A recording  [default: a shipped clip]")
    ] = None,
    bundle: OfBundle = None,
    steps: Annotated[int, typer.Option(help="Of the diffusion")] = 4,
    json: Json = None,
) -> None:
    """How much worse it sounds where windows of a decoder join."""
    from benchmarks.seams import measure, write
    from spiking_music.cli import terminal

    with terminal.progress("seams") as progress:
        figures = measure(audio, bundle, steps, progress)
    write(figures, json)


@app.command()
def agreement(
    spk: Annotated[
        Path | None, typer.Argument(metavar="FILE.spk", help="[default: of a shipped clip]")
    ] = None,
    heard: Annotated[
        list[Path] | None,
        typer.Option(metavar="WAV", help="Decoded of it elsewhere, by diffusion; repeat it"),
    ] = None,
    bundle: OfBundle = None,
    steps: Annotated[int, typer.Option(help="Of the diffusion")] = 4,
    json: Json = None,
) -> None:
    """How far apart one file sounds on other threads, kernels, machines; exit code 2 if too far."""
    from benchmarks.agreement import measure, write
    from spiking_music.cli import terminal

    with terminal.progress("agreement") as progress:
        figures = measure(bundle, spk, heard or [], steps, progress)
    write(figures, json)
