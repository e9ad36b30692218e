"""Whole recordings with the notes played in them, from MAESTRO or from files beside them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.errors import DataError
from train.config import SAMPLE_RATE
from train.data.clips import listed_notes
from train.data.maestro import Maestro, Piece, maestro_of
from train.data.notes import Notes
from train.data.performance import Pedal, read_midi, read_pedal
from train.data.rendering import render
from train.data.sources import recordings

_MIDI = (".mid", ".midi")


@dataclass(frozen=True, eq=False)
class AnnotatedRecording:
    """A recording: its `name`, `samples (n,) float32` at 22 050 Hz, notes, and pedal if known."""

    name: str
    samples: Samples
    notes: Notes
    pedal: Pedal | None = None


def pieces_of(source: str, limit: int | None = None) -> list[Callable[[], AnnotatedRecording]]:
    """At most `limit` pieces of a source, spread evenly; each is read when it is called.

    `source` is a folder, or MAESTRO's test split as `maestro:DIR` or `maestro:DIR:PACK.zip`.
    Raises DataError for a folder that is not MAESTRO, or one without notes.
    """
    maestro = maestro_of(source)
    found = of_folder(Path(source)) if maestro is None else of_maestro(maestro)
    return found[:: max(1, len(found) // limit)][:limit] if limit else found


def of_maestro(maestro: Maestro) -> list[Callable[[], AnnotatedRecording]]:
    """The pieces of the test split of MAESTRO: the WAV, or if it is missing the rendered MIDI.

    Raises DataError for a folder that is not MAESTRO.
    """

    def read(piece: Piece) -> AnnotatedRecording:
        performance = read_midi(piece.midi)
        if piece.audio.exists():
            sound = read_audio(piece.audio, SAMPLE_RATE).samples
        else:
            sound = render(performance, maestro.piano)
        return AnnotatedRecording(piece.midi.stem, sound, performance.notes, read_pedal(piece.midi))

    return [partial(read, piece) for piece in maestro.pieces("test")]


def of_folder(folder: Path) -> list[Callable[[], AnnotatedRecording]]:
    """The recordings below a folder that have a MIDI file or a list of notes beside them.

    A list is a `.tsv` with onset in seconds and MIDI number in columns 1 and 3, as in MAPS; it has
    no pedal. Raises DataError when there is no such recording.
    """
    known = [
        file for file in recordings(folder) if _midi(file) or file.with_suffix(".tsv").exists()
    ]
    if not known:
        raise DataError(f"{folder}: no recording has a .mid or .tsv of its name beside it")
    return [partial(_read, file) for file in known]


def _read(file: Path) -> AnnotatedRecording:
    samples = read_audio(file, SAMPLE_RATE).samples
    midi = _midi(file)
    if midi is None:
        return AnnotatedRecording(file.stem, samples, listed_notes(file.with_suffix(".tsv")))
    return AnnotatedRecording(file.stem, samples, read_midi(midi).notes, read_pedal(midi))


def _midi(file: Path) -> Path | None:
    beside = (file.with_suffix(suffix) for suffix in _MIDI)
    return next((path for path in beside if path.exists()), None)
