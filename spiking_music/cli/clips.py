"""The clips that `NAME=SOURCE` texts name."""

from typing import Any

from spiking_music.cli.inputs import named


def clip_sets(
    data: list[str], limit: int | None, option: str = "--data"
) -> tuple[dict[str, list[Any]], list[str]]:
    """The clips of `NAME=SOURCE` texts by name, at most `limit` a source, and what was skipped."""
    from train.data.held_out import clips_of

    sets: dict[str, list[Any]] = {}
    skipped: list[str] = []
    for name, source in (named(text, option) for text in data):
        read, unread = clips_of(source, limit)
        sets[name] = sets.get(name, []) + read
        skipped += unread
    return sets, skipped
