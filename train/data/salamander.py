"""The Salamander grand: a Yamaha C5, 30 keys in 16 layers, by Alexander Holm (CC BY 3.0)."""

import functools
import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from runtime.audio.samples import Samples
from runtime.errors import PianoError
from runtime.untrusted import LARGEST, parse_json
from train.data.piano import Piano, Recording


def salamander(pack: Path) -> Piano:
    """The Salamander grand from a zip of 22 050 Hz FLAC files with `index.json`.

    Raises PianoError when the pack is missing or damaged.
    """
    try:
        archive = zipfile.ZipFile(pack)
        damaged = archive.testzip()
        if damaged is not None:
            raise PianoError(f"{pack}: {damaged} is damaged; download this piano pack again")
        entries = _index(archive)["samples"]
        return Piano([_recording(archive, entry) for entry in entries])
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PianoError(f"{pack}: not a piano pack ({reason}); give a zip of samples") from error


def _index(archive: zipfile.ZipFile) -> dict[str, Any]:
    if archive.getinfo("index.json").file_size > LARGEST:
        raise ValueError("its index.json is too large")
    index: dict[str, Any] = parse_json(archive.read("index.json"))
    return index


def _recording(archive: zipfile.ZipFile, entry: dict[str, Any]) -> Recording:
    load = functools.partial(_load, archive, entry["file"], entry["gain"])
    return Recording(entry["note"], entry["hivel"], entry["rms_db"], load)


def _load(archive: zipfile.ZipFile, name: str, gain: float) -> Samples:
    sound, _ = soundfile.read(io.BytesIO(archive.read(name)), dtype="float32")
    return sound * np.float32(gain)
