"""Clips to measure on, named by a text: a folder of recordings, or MAESTRO's test split."""

from pathlib import Path

from train.data.clips import Clip, middle, played_in, read_clip, read_clips
from train.data.maestro import Maestro, Piece, maestro_of
from train.data.performance import read_midi
from train.data.rendering import rendering
from train.data.sources import recordings


def clips_of(source: str, limit: int | None = None) -> tuple[list[Clip], list[str]]:
    """Clips of at most `limit` recordings of a source, and why others were skipped.

    `source` is a folder, or MAESTRO's test split as `maestro:DIR` or `maestro:DIR:PACK.zip`.
    Raises DataError for a folder that is not MAESTRO, or when nothing can be read.
    """
    maestro = maestro_of(source)
    if maestro is None:
        return read_clips(recordings(Path(source)), read_clip, limit)
    return held_out(maestro, limit)


def held_out(maestro: Maestro, limit: int | None = None) -> tuple[list[Clip], list[str]]:
    """Clips of at most `limit` pieces of the test split, and why others were skipped.

    A clip is read from the WAV if it exists, else rendered from the middle of the MIDI.
    Raises DataError for a folder that is not MAESTRO, or when no piece can be read.
    """

    def read(piece: Piece) -> Clip:
        performance = read_midi(piece.midi)
        if piece.audio.exists():
            return read_clip(piece.audio, performance.notes)
        source = rendering(piece.midi.stem, performance, maestro.piano)
        part = middle(source.frames)
        sound = source.read(part.start, part.stop - part.start)
        return Clip(source.name, sound, notes=played_in(part, performance.notes))

    return read_clips(maestro.pieces("test"), read, limit)
