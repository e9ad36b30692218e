"""From a run to a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.clips import clip_sets
from spiking_music.cli.inputs import note, refuse_idle
from spiking_music.cli.options import AsJson, Force


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="Folder of the run")],
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="New folder for the bundle")],
    steps: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Default denoising steps of the bundle", show_default="as trained for"
        ),
    ] = None,
    licence: Annotated[
        str, typer.Option(metavar="TEXT", help="Licence of the weights")
    ] = "not stated",
    attribution: Annotated[
        str, typer.Option(metavar="TEXT", help="Credits of the training data")
    ] = "not stated",
    measure: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SOURCE", help="Recordings that choose the default decoder; repeatable"
        ),
    ] = None,
    bins: Annotated[
        int | None,
        typer.Option(metavar="N", help="Write a bundle of the lowest N bins of a LAPPED one"),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn a trained run into a bundle.

    Given a LAPPED bundle in place of a run, it writes the NIR and netx files, or with --bins a
    smaller bundle.
    """
    from export.bundle import Terms
    from export.bundle import export as export_bundle
    from export.diffusion import export_diffusion
    from export.lapped import export_lapped
    from export.lapped_cut import write_cut
    from export.lapped_forms import write_forms
    from export.quality import measure as measured
    from export.quality import write_quality
    from runtime.bundle import is_bundle, open_bundle
    from spiking_music.cli import terminal
    from train.diffusion.run import DiffusionRun
    from train.lapped.run import LappedRun

    if is_bundle(run):
        refuse_idle("a bundle", steps=steps, measure=measure)
        if bins is not None:
            made = write_cut(open_bundle(run), bins, bundle, force)
            terminal.show(str(bundle), {"model": made.manifest.model_hash}, as_json)
            return
        with terminal.progress("export"):
            files = write_forms(open_bundle(run), bundle, force)
        sizes = {file.name: f"{file.stat().st_size:,} bytes" for file in files}
        terminal.show(str(bundle), sizes, as_json)
        return
    refuse_idle("a run", bins=bins)
    sets, skipped = clip_sets(measure or [], None, "--measure")
    terms = Terms(licence, attribution)
    with terminal.progress("export") as progress:
        if (run / LappedRun.CHECKPOINT).is_file():
            refuse_idle("a LAPPED model, whose default has no steps", steps=steps)
            made = export_lapped(run, bundle, terms, force)
        elif (run / DiffusionRun.CHECKPOINT).is_file():
            refuse_idle("a diffusion decoder, whose steps --measure chooses", steps=steps)
            made = export_diffusion(run, bundle, terms, force)
        else:
            made = export_bundle(run, bundle, steps, terms, force, progress)
    quality = {}
    for reason in skipped:
        note(f"not measured: {reason}")
    for name, clips in sets.items():
        with terminal.progress(f"measure {name}") as progress:
            quality[name] = measured(made, clips, progress)
    write_quality(made, quality)
    model = {"model": made.manifest.model_hash}
    terminal.show(str(bundle), model | ({"quality": quality} if as_json else {}), as_json)
    if not as_json:
        terminal.show_rows(
            [
                {"set": name, "clips": found["clips"], "decoder": way, **figures}
                for name, found in quality.items()
                for way, figures in found["decoders"].items()
            ]
        )
