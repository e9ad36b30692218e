"""What the coder of lapped events knows of music: its tables, learned by coding music."""

from collections.abc import Sequence
from itertools import zip_longest

from runtime.coders.lapped.coder import Corrections, Levels, send
from runtime.coders.lapped.memory import memory_of, tables_of
from runtime.coders.lapped.tables import Tables, fresh_tables

PACES = (4, 1)  # of the mixer, one for each time that all the music is heard
OLDEST = 1000  # observations after which a chance learns no more slowly


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
