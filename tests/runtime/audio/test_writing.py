import io
import os
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from runtime.audio import wav
from runtime.audio.wav import wav_header
from runtime.audio.writing import audio_file, wav_stream

RATE = 22050
SIGNAL = np.sin(np.arange(3000, dtype=np.float32)) / 2


def written(path: Path, samples: int | None) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    with audio_file(path, RATE, True, samples, notes.append) as write:
        for begin in range(0, len(SIGNAL), 1000):
            write(SIGNAL[begin : begin + 1000])
    found, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE
    np.testing.assert_allclose(found, SIGNAL, atol=1 / 32768)
    return path.read_bytes(), notes


def test_a_wav_is_what_libsndfile_would_write(tmp_path: Path) -> None:
    data, notes = written(tmp_path / "a.wav", len(SIGNAL))
    same = io.BytesIO()
    steps = np.rint(SIGNAL * 32768).astype(np.int16)
    soundfile.write(same, steps, RATE, format="WAV", subtype="PCM_16")
    assert data == same.getvalue()
    assert notes == []


def test_a_length_that_is_not_known_before_is_right_after(tmp_path: Path) -> None:
    data, notes = written(tmp_path / "a.wav", None)
    assert data[:4] == b"RIFF"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert notes == []


@pytest.mark.parametrize("samples", [None, len(SIGNAL)])
def test_beyond_what_a_wav_can_tell_it_is_an_rf64(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, samples: int | None
) -> None:
    monkeypatch.setattr(wav, "_MOST", 2 * len(SIGNAL) - 1)
    data, notes = written(tmp_path / "a.wav", samples)
    assert data[:4] == b"RF64"
    (told,) = notes
    assert "RF64" in told


def test_the_true_limit_is_that_of_32_bits() -> None:
    assert wav_header(RATE, 2**31 - 60)[:4] == b"RIFF"
    header = wav_header(RATE, 2**31)
    assert header[:4] == b"RF64"
    assert int.from_bytes(header[28:36], "little") == 2**32  # bytes of sound
    assert int.from_bytes(header[20:28], "little") == 2**32 + len(header) - 8


def test_a_pipe_by_its_name_gets_a_wav(tmp_path: Path) -> None:
    fifo, heard = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = Thread(target=lambda: heard.append(fifo.read_bytes()))
    reader.start()
    with audio_file(fifo, RATE) as write:
        write(SIGNAL)
    reader.join()
    pipe = io.BytesIO()
    wav_stream(pipe, RATE, None)(SIGNAL)
    assert heard == [pipe.getvalue()]
    assert fifo.is_fifo()
