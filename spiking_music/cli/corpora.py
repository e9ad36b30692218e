"""Encoding many recordings: what `encode` does with a folder, a list or an address."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from runtime.errors import OutputError
from spiking_music.cli.inputs import note

if TYPE_CHECKING:
    from runtime.to_spk import Storage


def encode_corpus(
    source: str,
    out: str | None,
    workers: tuple[int | None, str | None],
    storage: "Storage",
    bundle: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Encode what a source lists into the folder `out`, or one recording into the file `out`.

    `workers` is the number of processes (by default one a core) and the address of a scheduler, or
    None. Complete outputs are kept unless `force`. Raises `typer.Exit(1)` if a recording failed.
    """
    from runtime.bundle import open_bundle
    from runtime.sessions import cores
    from spiking_music.cli import terminal
    from spiking_music.corpus.listing import alone, is_corpus, listed
    from spiking_music.corpus.recipe import Recipe
    from spiking_music.corpus.run import encode_corpus as encoded
    from spiking_music.corpus.run import write_summary

    if storage.texts:
        raise OutputError("--title and --source describe one recording; omit them for several")
    many = is_corpus(source)
    if many:
        out = _folder(source, out)
    out = out or str(Path(source).with_suffix(".spk"))
    listing = listed(source, out) if many else alone(source, out)
    recipe = Recipe(bundle, open_bundle(bundle).manifest.model_hash, storage, force)
    jobs, scheduler = workers
    jobs = min(jobs or cores(), listing.files)
    with terminal.progress("encode") as progress:
        summary = encoded(listing, recipe, jobs, scheduler, progress, note)
    if many:
        write_summary(summary, out)
    terminal.show(out, summary if as_json else _shown(summary), as_json)
    if summary["failed"]:
        raise typer.Exit(1)


def _folder(source: str, out: str | None) -> str:
    if out is None or out == "-" or out.endswith(".spk") or Path(out).is_file():
        raise OutputError(
            f"{source}: holds several recordings; name an output folder: encode SOURCE FOLDER"
        )
    return out


def _shown(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    # Failures have already been shown.
    return {name: value for name, value in summary.items() if name != "failures"}
