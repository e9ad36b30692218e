"""From recordings to a run."""

from pathlib import Path
from typing import Annotated

import typer


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
