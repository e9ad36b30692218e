"""The clips that `NAME=SOURCE` texts name."""

from pathlib import Path
from typing import Any

from spiking_music.cli.inputs import (
    named,
)


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
