"""The tables of the coder of lapped events, learned by coding music."""

from collections.abc import Sequence
from itertools import zip_longest

from runtime.coders.lapped.coder import Corrections, Levels, send
from runtime.coders.lapped.memory import memory_of, tables_of
from runtime.coders.lapped.tables import Tables, fresh_tables

PACES = (4, 1)  # learning rates of the mixer, one for each pass over all the music
OLDEST = 1000  # after so many observations, the learning rate of a probability no longer falls


def learned_tables(
    chunks: Sequence[Levels], spacing: float, corrections: Sequence[Corrections] = ()
) -> Tables:
    """Return tables for chunks of levels `(T, bins)` like these, `spacing` Hz from bin to bin.

    `corrections (rows, bands)` of the first chunks teach how those are spread. The order matters
    little; a few hundred chunks at all the steps that will be used suffice.
    """
    tables = fresh_tables()
    for pace in PACES:
        memory = memory_of(tables, chunks[0].shape[1], spacing, pace, OLDEST)
        for levels, moved in zip_longest(chunks, corrections):
            send(levels, memory, moved)
        tables = tables_of(memory)
    return tables
