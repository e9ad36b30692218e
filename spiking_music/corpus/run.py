"""Encode every recording of a corpus, count the outcomes, and write the summary."""

import io
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from runtime.kinds import Note, Progress
from spiking_music.corpus.encoding import encode_item
from spiking_music.corpus.listing import Listing
from spiking_music.corpus.outcome import Outcome, Tally
from spiking_music.corpus.places import below, publish
from spiking_music.corpus.processes import on_processes
from spiking_music.corpus.recipe import Recipe

SUMMARY = "summary.json"
_NAMED = 5  # how many of the files that are left out are named


def encode_corpus(
    listing: Listing,
    recipe: Recipe,
    jobs: int,
    scheduler: str | None = None,
    tell: Progress = lambda share: None,
    note: Note = lambda message: None,
) -> Mapping[str, Any]:
    """Encode a corpus on `jobs` processes, or on the Dask cluster of a `scheduler`.

    Complete outputs are kept, so a run that was stopped in any way continues where it was. `tell`
    is called with the share done, 0..1, and `note` with failures and warnings.
    Returns the summary, see `Tally.summary`. Raises what `encode_item` raises.
    """
    tally, start = Tally(), time.perf_counter()
    if listing.left_out:
        note(_left_out(listing.left_out))
    for outcome in _outcomes(listing, recipe, jobs, scheduler):
        tally.add(outcome)
        for message in (*outcome.notes, *_failure(outcome)):
            note(message)
        tell(tally.files / listing.files)
    summary = tally.summary(time.perf_counter() - start)
    return {"model": recipe.model, **summary, "left_out": len(listing.left_out)}


def write_summary(summary: Mapping[str, Any], out: str) -> None:
    """Write a summary to the folder of the outputs; raises `OutputError` when that fails."""
    text = json.dumps(summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    publish(io.BytesIO(text.encode(errors="backslashreplace")), below(out, SUMMARY))


def _outcomes(
    listing: Listing, recipe: Recipe, jobs: int, scheduler: str | None
) -> Iterator[Outcome]:
    for item in listing.clashes:
        reason = f"another recording would also become {item.target}; rename one of them"
        yield Outcome(item, "failed", reason=reason)
    work = partial(encode_item, recipe)
    if scheduler is None:
        yield from on_processes(work, listing.items, jobs)
    else:
        from spiking_music.corpus.cluster import on_cluster  # Dask is needed by nobody else

        yield from on_cluster(work, listing.items, scheduler)


def _left_out(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    files = "1 file" if len(names) == 1 else f"{len(names)} files"
    return f"left out {files} with no suffix of a recording: {', '.join(names[:_NAMED])}{more}"


def _failure(outcome: Outcome) -> Iterator[str]:
    if outcome.status == "failed":
        yield f"{outcome.item.source}: failed ({outcome.reason})"
