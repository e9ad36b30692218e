import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.audio.flac import flac
from runtime.errors import AudioError
from spiking_music.studio.errors import TooLargeError
from spiking_music.studio.piece import pictured, read_piece

RNG = np.random.default_rng(0)


def test_a_piece_has_its_sound_and_its_picture(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x", np.zeros((44_100, 2)), 44_100, format="WAV")
    piece = read_piece(tmp_path / "x", "étude.wav", 22_050, 10)
    assert piece.name == "étude.wav"
    assert piece.samples.shape == (22_050,)
    assert piece.picture.dtype == np.uint8
    assert piece.warnings == ("étude.wav: is silent (below -90 dBFS)",)


def test_what_is_no_recording_or_too_long_is_told_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(RNG.bytes(1000))
    with pytest.raises(AudioError, match=r"^a\.wav: is not an audio file"):
        read_piece(tmp_path / "x", "a.wav", 22_050, 10)
    soundfile.write(tmp_path / "x", np.zeros(8000 * 11), 8000, format="FLAC")
    with pytest.raises(
        TooLargeError,
        match=r"^a\.flac: lasts longer than 10 s; open a part of it, .*ffmpeg -i a\.flac -t 10",
    ):
        read_piece(tmp_path / "x", "a.flac", 22_050, 10)


def test_a_picture_holds_the_upper_72_decibels() -> None:
    assert pictured(np.array([[0, -36, -72, -200]], np.float32)).tolist() == [[255, 128, 0, 0]]


def test_a_sound_is_a_flac_file() -> None:
    sound = RNG.uniform(-1.2, 1.2, 1000).astype(np.float32)
    back, rate = soundfile.read(io.BytesIO(flac(sound, 22_050)))
    assert rate == 22_050
    assert np.abs(back - np.clip(sound, -1, 1)).max() <= 2**-15
