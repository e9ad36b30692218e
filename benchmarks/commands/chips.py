"""How a code runs on chips."""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.commands.app import Bundle, Json, OfBundle, app

Recordings = Annotated[
    list[Path] | None, typer.Option(metavar="FILE", help="Repeat it  [default: shipped clips]")
]


def _recordings(given: list[Path] | None) -> list[Path]:
    from spiking_music.report.demo import default_clip

    return given or sorted(default_clip().parent.glob("*.flac"))


@app.command()
def energy(
    bundles: Annotated[
        list[Path] | None, typer.Argument(metavar="BUNDLE...", help="[default: the shipped one]")
    ] = None,
    audio: Recordings = None,
    mu: Annotated[list[int] | None, typer.Option(help="Of MU_SPARSE bundles; repeat it")] = None,
    json: Json = None,
) -> None:
    """What each kind of code costs on each chip, and where sigma-delta input begins to pay."""
    from benchmarks.energy import measure, write
    from spiking_music.cli import terminal

    with terminal.progress("energy") as progress:
        found = measure(bundles or [None], _recordings(audio), mu or [8, 12, 16, 20, 24], progress)
    write(found, json)


@app.command()
def transform(
    bundle: Annotated[Path | None, typer.Option(metavar="DIR", help="[default: lapped]")] = None,
    audio: Recordings = None,
    kbps: Annotated[
        float | None, typer.Option(help="Of a recording's file, at most  [default: usual steps]")
    ] = None,
    json: Json = None,
) -> None:
    """The lapped transform by FFT, dense on processors, and by events on a chip."""
    from benchmarks.transform import measure, write

    write(measure(_recordings(audio), bundle, kbps), json)


@app.command()
def faults(
    bundle: Bundle = None,
    audio: Recordings = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For figure and JSON")] = Path("faults"),
    repeats: Annotated[int, typer.Option(min=1, help="Of each number of flips")] = 5,
    seed: Annotated[int, typer.Option(help="Of the damage")] = 0,
) -> None:
    """How much worse it sounds when bits flip, or a unit or a core falls silent."""
    from benchmarks.faults import measure, write
    from runtime.bundle import PAPER, open_bundle
    from spiking_music.cli import terminal

    with terminal.progress("faults") as progress:
        found = measure(open_bundle(bundle or PAPER), _recordings(audio), repeats, seed, progress)
    write(found, out)


@app.command()
def executors(
    frames: Annotated[int, typer.Option(help="Of random payloads; 43 are a second")] = 16_384,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One executor only; repeat it")
    ] = None,
    bundle: OfBundle = None,
    json: Json = None,
) -> None:
    """How much faster than Lava the integers are, at equal bits."""
    from benchmarks.executors import measure, write

    write(measure(bundle, frames, only or []), json)


@app.command()
def networks(
    nets: Annotated[list[str], typer.Argument(metavar="NET[:DIALECT]...", help=".nir or .net")],
    steps: Annotated[int, typer.Option(help="Of random spikes")] = 300,
    probability: Annotated[float, typer.Option(help="Of a spike, of an input in a step")] = 0.2,
    dt: Annotated[float | None, typer.Option(help="Step in s  [default: the dialect's]")] = None,
    json: Json = None,
) -> None:
    """How much faster than Lava any network's integers are, at equal spikes."""
    from benchmarks.networks import measure, write

    write(measure(nets, steps, probability, dt), json)


@app.command()
def certificate(
    data: Annotated[
        str, typer.Argument(help="A folder, maestro:DIR or maestro:DIR:PIANO.zip (test split)")
    ],
    bundle: OfBundle = None,
    hours: Annotated[float, typer.Option(help="Of music, at most")] = 1.0,
    skip: Annotated[float, typer.Option(help="Hours of it before, for a slice (LAPPED)")] = 0.0,
    python: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PATH", help="A Python that has an importer")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(metavar="FILE.npz", help="For what is encoded, to go on from")
    ] = None,
    json: Json = None,
) -> None:
    """Whether music spikes the same in every back end and importer; exit code 1 where not."""
    from benchmarks.certificate import measure, write
    from runtime.outputs import refuse_output
    from spiking_music.cli.inputs import named

    if json is not None:
        refuse_output(json, overwrite=True)
    pythons = dict(named(text, "--python") for text in python or [])
    found = measure(bundle, data, hours, pythons, keep, skip)
    write(found, json)
    if not found.holds:
        raise typer.Exit(1)


@app.command()
def prices(json: Json = None) -> None:
    """How the prices of Loihi 2 follow from published counters, and how far off they are."""
    from benchmarks.prices import measure, write

    write(measure(), json)
