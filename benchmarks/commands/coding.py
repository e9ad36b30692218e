"""The cost and the safety of coding."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.app import Bundle, Clips, Json, OfBundle, app


@app.command()
def coding(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(help="Events (.npz, .spk), recordings, folders  [default: made-up notes]"),
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")
    ] = None,
    clips: Clips = None,
    independent: Annotated[
        float | None, typer.Option(metavar="DENSITY", help="Entries of that chance, and no notes")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For recordings  [default: small]")
    ] = None,
    mu: Annotated[int | None, typer.Option(help="Of the bundle, if it has one")] = None,
    chunk_frames: Annotated[int, typer.Option(help="Of a chunk")] = 256,
    json: Json = None,
) -> None:
    """How small the coders make events, and how fast, beside other people's coders."""
    from benchmarks import coding
    from spiking_music.cli.clips import clip_sets

    matrices = [bits for source in sources or [] for bits in coding.load(source, bundle, mu)]
    for found in clip_sets(data or [], clips)[0].values():
        matrices += coding.encoded(found, bundle, mu)
    if independent is not None:
        matrices.append(coding.independent(independent))
    coding.write(coding.measure(matrices or [coding.made_up()], chunk_frames), json)


@app.command()
def fuzz(
    files: Annotated[int, typer.Option(help="Damaged files")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the damage")] = 0,
) -> None:
    """Whether damaged .spk files can do harm."""
    from benchmarks.fuzz import fuzz as run
    from spiking_music.cli import terminal

    with terminal.progress("fuzz") as progress:
        found = run(files, seed, progress)
    terminal.show("damaged files", vars(found), as_json=False)


@app.command()
def memory(
    minutes: Annotated[
        list[float] | None, typer.Option(help="Lengths; repeat it  [default: 2, 60]")
    ] = None,
    bundle: OfBundle = None,
    json: Json = None,
) -> None:
    """How much memory an hour of music takes; exit code 2 if it is too much."""
    from benchmarks.memory import measure, write
    from runtime.bundle import PAPER
    from spiking_music.cli import terminal

    with terminal.progress("memory") as progress:
        figures = measure(minutes or [2, 60], bundle or PAPER, progress)
    write(figures, json)


@app.command()
def speed(
    bundle: Bundle = None,
    seconds: Annotated[float, typer.Option(help="Of sound that is coded")] = 23.8,
    rounds: Annotated[int, typer.Option(help="The middle one of so many counts")] = 5,
    paper: Annotated[bool, typer.Option(help="The paper's U-Net too: minutes to export")] = False,
    json: Json = None,
) -> None:
    """How fast coding is, beside torch, other codecs, and what the machine can do."""
    from benchmarks.speed import measure, write
    from spiking_music.cli import terminal

    with terminal.progress("speed") as progress:
        figures = measure(bundle, seconds, rounds, paper, progress)
    write(figures, json)


@app.command()
def scaling(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Recordings  [default: the shipped clips]")
    ] = None,
    bundle: OfBundle = None,
    files: Annotated[int, typer.Option(help="Of the corpus")] = 4,
    minutes: Annotated[float, typer.Option(help="Of each file")] = 10,
    rounds: Annotated[int, typer.Option(help="Of one and of two workers")] = 3,
    json: Json = None,
) -> None:
    """How many hours of sound a core encodes and decodes in an hour."""
    from benchmarks.scaling import Load, measure, write
    from runtime.bundle import PAPER
    from spiking_music.cli import terminal

    with terminal.progress("scaling") as progress:
        figures = measure(sources or [], bundle or PAPER, Load(files, minutes, rounds), progress)
    write(figures, json)
