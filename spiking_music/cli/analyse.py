"""What the units of a model mean."""

from pathlib import Path
from typing import Annotated

import typer

from runtime.errors import SpikingMusicError
from spiking_music.cli.inputs import named, typed
from spiking_music.cli.options import AsJson, Force, Mu


def analyse(
    data: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=SOURCE",
            help="A folder of recordings with .mid or .tsv files beside them, maestro:DIR or "
            "maestro:DIR:PIANO.zip; repeatable",
        ),
    ],
    bundles: Annotated[
        list[Path] | None,
        typer.Argument(metavar="BUNDLE", help="Bundles to compare", show_default="small"),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for arrays and figures")] = Path(
        "analysed"
    ),
    pieces: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Pieces of each source", show_default="all"),
    ] = None,
    mu: Mu = None,
    shuffles: Annotated[
        int,
        typer.Option(metavar="N", min=20, help="Shuffles of the onsets for the null distribution"),
    ] = 200,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Find the notes, chords and pedals that each unit responds to."""
    from runtime.bundle import PAPER, open_bundle
    from runtime.codec import Codec
    from spiking_music.analysis import outputs
    from spiking_music.analysis.analyse import analyse as analysed
    from spiking_music.cli import terminal
    from spiking_music.figures import units
    from train.data.annotated import pieces_of

    opened = [open_bundle(bundle) for bundle in bundles or [PAPER]]
    codecs = {bundle.path.resolve().name: Codec(bundle) for bundle in opened}
    if len(codecs) < len(opened):
        raise SpikingMusicError("two bundles have the same folder name; rename one")
    if mu is not None and all(not bundle.manifest.has_mu for bundle in opened):
        raise SpikingMusicError(f"--mu {mu}: none of the bundles is MU_SPARSE; omit --mu")
    sources = {
        name: pieces_of(source, pieces) for name, source in (named(d, "--data") for d in data)
    }
    outputs.refuse_existing(out, list(sources), list(codecs), force)
    sets = {}
    for name, of in sources.items():
        with terminal.progress(f"analyse {name}") as progress:
            sets[name] = analysed(codecs, of, mu, shuffles, progress)
    outputs.write(sets, out, force)
    units.write(sets, out, typed(), force)
    if as_json:
        terminal.print_json(outputs.as_json(sets))
    else:
        print(outputs.as_markdown(sets))
