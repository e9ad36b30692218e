"""From recordings to a run."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    preset: Annotated[
        str, typer.Argument(metavar="PRESET", help="Name of a preset, or a .toml file")
    ],
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of the run")],
    data: Annotated[
        str,
        typer.Option(
            metavar="SOURCE", help="A folder, maestro:DIR, maestro:DIR:PIANO.zip, or shipped"
        ),
    ] = "shipped",
    cache: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder that keeps rendered sound")
    ] = Path("cache"),
    overrides: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a value of the preset; repeatable"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the last checkpoint")
    ] = False,
) -> None:
    """Train a model of your own."""
    from runtime.kinds import LAPPED
    from train.config import from_dict, read_preset
    from train.data.sets import load_music
    from train.diffusion.config import KIND as DIFFUSION
    from train.diffusion.config import diffusion_config
    from train.lapped.config import lapped_config

    # Before torch, so that a wrong key is told at once.
    tree = read_preset(preset, overrides)
    if tree.get("kind") == LAPPED:
        lapped = lapped_config(tree)
        from train.lapped.loop import crops_of
        from train.lapped.loop import train as train_lapped
        from train.lapped.run import LappedRun

        crops = crops_of(lapped, load_music(data, cache))
        train_lapped(LappedRun(lapped, run, data, crops), resume)
        return
    if tree.get("kind") == DIFFUSION:
        diffusion = diffusion_config(tree)
        from train.diffusion.loop import crops_of as diffusion_crops_of
        from train.diffusion.loop import train as train_diffusion
        from train.diffusion.run import DiffusionRun

        crops = diffusion_crops_of(diffusion, load_music(data, cache))
        train_diffusion(DiffusionRun(diffusion, run, data, crops), resume)
        return
    config = from_dict(tree)
    from train.loop import Run
    from train.loop import train as train_run

    train_run(Run(config, run, data, load_music(data, cache)), resume)
