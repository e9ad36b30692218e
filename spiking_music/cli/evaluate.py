"""How good a model is."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.clips import clip_sets
from spiking_music.cli.options import AsJson, Force


def evaluate(
    data: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=SOURCE",
            help="A set of recordings: a folder, maestro:DIR or maestro:DIR:PIANO.zip; repeatable",
        ),
    ],
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="BUNDLE", help="The bundle to evaluate", show_default="lapped"),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the tables")] = Path(
        "evaluated"
    ),
    clips: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Clips of each set", show_default="all")
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Evaluate Opus, FLAC and anchors too")] = True,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure a model on recordings, beside Opus and FLAC."""
    from runtime.bundle import open_bundle
    from runtime.outputs import refuse_outputs
    from spiking_music.cli import terminal
    from spiking_music.evaluation import tables
    from spiking_music.evaluation.evaluate import evaluate as evaluated
    from spiking_music.evaluation.systems import baseline_systems, bundle_systems

    refuse_outputs(out, tables.OUTPUTS, force)
    systems = bundle_systems(open_bundle(bundle)) + (baseline_systems() if baselines else [])
    sets, skipped = clip_sets(data, clips)
    with terminal.progress("evaluate") as progress:
        found = evaluated(systems, sets, progress)
    tables.write(found, out, force, skipped)
    if as_json:
        terminal.print_json(tables.as_json(found, skipped))
    else:
        print(tables.as_markdown(found, skipped))
