import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.errors import PianoError
from train.config import SAMPLE_RATE
from train.data.salamander import salamander


def write_pack(path: Path) -> Path:
    """A pack of six keys in two layers: sines of their pitch, one second long."""
    entries = []
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    with zipfile.ZipFile(path, "w") as archive:
        for key in range(21, 109, 15):
            sound = np.sin(2 * np.pi * 440 * 2 ** ((key - 69) / 12) * time) * np.exp(-3 * time)
            for top in (64, 127):
                flac = io.BytesIO()
                soundfile.write(flac, 0.5 * sound, SAMPLE_RATE, format="FLAC")
                name = f"{key}_{top}.flac"
                archive.writestr(name, flac.getvalue())
                level = {"gain": 1.0, "rms_db": -30.0 + 10 * (top > 64)}
                entries.append({"note": key, "hivel": top, "file": name, **level})
        archive.writestr("index.json", json.dumps({"samples": entries}))
    return path


def test_a_pack_is_a_piano(tmp_path: Path) -> None:
    piano = salamander(write_pack(tmp_path / "pack.zip"))
    assert (piano.layer[64], piano.layer[65]) == (0, 1)
    assert len(piano.tone(51, 0).steps) == SAMPLE_RATE


def test_a_pack_that_is_none_or_damaged_is_named(tmp_path: Path) -> None:
    pack = write_pack(tmp_path / "pack.zip")
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    (tmp_path / "flipped.zip").write_bytes(content)
    (tmp_path / "short.zip").write_bytes(content[: len(content) // 2])
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "no piano")
    for name in ("flipped", "short", "other", "absent"):
        with pytest.raises(PianoError, match=rf"{name}\.zip"):
            salamander(tmp_path / f"{name}.zip")
