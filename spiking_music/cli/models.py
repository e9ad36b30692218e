"""From music to a model, and how good it is."""

from pathlib import Path
from typing import Annotated, Any

import typer

from spiking_music.cli.app import AsJson, Force, app
from spiking_music.cli.inputs import named, note


@app.command()
def train(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A name, or a .toml file")],
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of the run")],
    data: Annotated[
        str, typer.Option(help="shipped, a folder, maestro:DIR or maestro:DIR:PIANO.zip")
    ] = "shipped",
    cache: Annotated[Path, typer.Option(metavar="DIR", help="For rendered sound")] = Path("cache"),
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the preset")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint")] = False,
) -> None:
    """Train a model."""
    from train.config import load_preset

    config = load_preset(preset, overrides)  # before torch, so that a wrong key is told at once
    from train.data.sets import load_music
    from train.loop import Run
    from train.loop import train as train_run

    train_run(Run(config, run, data, load_music(data, cache)), resume)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run")],
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder to make")],
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", help="Of the diffusion by default  [default: what fits it]"),
    ] = None,
    licence: Annotated[str, typer.Option(help="Of the weights")] = "not stated",
    attribution: Annotated[str, typer.Option(help="Whose work they are made of")] = "not stated",
    measure: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SOURCE", help="Choose the default by these, as for evaluate"),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of a trained model."""
    from export.bundle import Terms
    from export.bundle import export as export_bundle
    from export.quality import measure as measured
    from export.quality import write_quality
    from spiking_music.cli import terminal

    sets, skipped = clip_sets(measure or [], None, "--measure")
    with terminal.progress("export") as progress:
        made = export_bundle(run, bundle, steps, Terms(licence, attribution), force, progress)
    quality = {}
    for reason in skipped:
        note(f"not measured: {reason}")
    for name, clips in sets.items():
        with terminal.progress(f"measure {name}") as progress:
            quality[name] = measured(made, clips, progress)
    write_quality(made, quality)
    facts = {"model": made.manifest.model_hash, "quality": quality}
    terminal.show(str(bundle), facts, as_json)


@app.command()
def evaluate(
    data: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=SOURCE", help="A folder, maestro:DIR or maestro:DIR:PIANO.zip; repeat it"
        ),
    ],
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: the shipped one]")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For the tables")] = Path("evaluated"),
    clips: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of each set  [default: all]")
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Opus, FLAC and anchors beside it")] = True,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure how good a model is on recordings, beside codecs in use today."""
    from runtime.bundle import open_bundle
    from spiking_music.cli import terminal
    from spiking_music.evaluation import tables
    from spiking_music.evaluation.evaluate import evaluate as evaluated
    from spiking_music.evaluation.systems import baseline_systems, bundle_systems

    tables.refuse_existing(out, force)
    systems = bundle_systems(open_bundle(bundle)) + (baseline_systems() if baselines else [])
    sets, skipped = clip_sets(data, clips)
    with terminal.progress("evaluate") as progress:
        found = evaluated(systems, sets, progress)
    tables.write(found, out, force, skipped)
    if as_json:
        terminal.print_json(tables.as_json(found, skipped))
    else:
        print(tables.as_markdown(found, skipped))


def clip_sets(
    data: list[str], limit: int | None, option: str = "--data"
) -> tuple[dict[str, list[Any]], list[str]]:
    """The clips of `NAME=SOURCE` texts by name, at most `limit` a source, and what was skipped."""
    sets: dict[str, list[Any]] = {}
    skipped: list[str] = []
    for name, source in (named(text, option) for text in data):
        read, unread = _clips(source, limit)
        sets[name] = sets.get(name, []) + read
        skipped += unread
    return sets, skipped


def _clips(source: str, limit: int | None) -> Any:
    from train.data.clips import read_clip, read_clips, recordings

    if source.startswith("maestro:"):
        from train.data.held_out import held_out

        root, _, pack = source.removeprefix("maestro:").partition(":")
        return held_out(Path(root), Path(pack) if pack else None, limit)
    return read_clips(recordings(Path(source)), read_clip, limit)
