"""Files that others write: without a length, with a wrong one, in other containers, or foreign."""

import io
import os
import struct
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from runtime.audio.mpeg import first_frame, tells_length
from runtime.audio.reading import AudioReader, opened_audio
from runtime.audio.recordings import Recording, read_audio
from runtime.errors import AudioError

RATE = 44_100
SECONDS = 3


def music(channels: int = 2) -> np.ndarray:
    """A tone that a second of silence goes before, so that rates of bits differ in it."""
    time = np.arange(SECONDS * RATE) / RATE
    tone = np.where(time > 1, 0.4 * np.sin(time * 2764 * (1 + time)), 0)
    return np.repeat(tone[:, None], channels, axis=1).astype(np.float32)


def mp3(constant: bool = True) -> bytes:
    """An MP3 whose first frame is the table that libsndfile writes."""
    file = io.BytesIO()
    mode = "CONSTANT" if constant else "VARIABLE"
    soundfile.write(file, music(), RATE, format="MP3", bitrate_mode=mode, compression_level=0.4)
    return file.getvalue()


def without_table(data: bytes) -> bytes:
    frame = first_frame(io.BytesIO(data))
    assert frame is not None
    assert tells_length(frame.data)
    return data[: frame.place] + data[frame.place + len(frame.data) :]


def in_wav(data: bytes) -> bytes:
    form = struct.pack("<HHIIHHHHIHHH", 0x55, 2, RATE, 16_000, 1152, 0, 12, 1, 0, 1152, 1, 0)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def wav(size: int | None = None, riff: int | None = None, behind: bytes = b"") -> bytes:
    """A WAV whose header says that its sound, and that it, has other sizes."""
    file = io.BytesIO()
    soundfile.write(file, music(), RATE, format="WAV", subtype="PCM_16")
    data = bytearray(file.getvalue())
    for at, number in ((40, size), (4, riff)):
        if number is not None:
            data[at : at + 4] = struct.pack("<I", number)
    return bytes(data) + behind


def read(data: bytes, path: Path) -> Recording:
    """What a file gives, which its pipe gives too."""
    path.write_bytes(data)
    recording = read_audio(path, RATE)
    fifo = path.with_name("fifo")
    os.mkfifo(fifo)
    Thread(target=fifo.write_bytes, args=(data,)).start()
    with opened_audio(fifo, RATE) as piped:
        samples = np.concatenate([*piped])
    np.testing.assert_array_equal(samples, recording.samples)
    return recording


@pytest.mark.parametrize("constant", [True, False])
@pytest.mark.parametrize("kind", ["bare", "in WAV", "begun in between", "tagged"])
def test_an_mp3_without_a_table_is_taken_whole(tmp_path: Path, constant: bool, kind: str) -> None:
    data = without_table(mp3(constant))
    lost = 0
    if kind == "in WAV":
        data = in_wav(data)
    elif kind == "tagged":
        data = b"ID3\x04\x00\x00" + bytes([0, 0, 1, 72]) + b"\xff\xfb" * 100 + data
    elif kind == "begun in between":
        lost = 500
        data = data[lost:]
    found = read(data, tmp_path / "a.mp3")
    # A codec adds silence to both ends.
    assert SECONDS * RATE - (6 * 1152 if lost else 0) <= found.source_frames
    assert found.source_frames <= SECONDS * RATE + 4 * 1152
    assert found.warnings == ()


def test_an_mp3_with_a_table_has_its_exact_length_or_is_refused(tmp_path: Path) -> None:
    assert read(mp3(), tmp_path / "a.mp3").source_frames == SECONDS * RATE
    (tmp_path / "b.mp3").write_bytes(mp3()[:-5000])
    with pytest.raises(AudioError, match="truncated"):
        read_audio(tmp_path / "b.mp3", RATE)


def test_an_mp3_that_breaks_off_is_taken_as_it_is_and_said_so(tmp_path: Path) -> None:
    found = read(without_table(mp3())[:-5100], tmp_path / "a.mp3")
    assert RATE < found.source_frames < SECONDS * RATE
    (warning,) = found.warnings
    assert "breaks off" in warning


def test_of_a_damaged_mp3_no_part_is_taken_for_the_whole(tmp_path: Path) -> None:
    data = without_table(mp3())
    half = len(data) // 2
    holed = data[:half] + np.random.default_rng(0).bytes(3000) + data[half + 3000 :]
    (tmp_path / "a.mp3").write_bytes(holed)
    with pytest.raises(AudioError, match="damaged"):
        read_audio(tmp_path / "a.mp3", RATE)


@pytest.mark.parametrize("riff", [None, 0, 36, 0xFFFF_FFFF])
@pytest.mark.parametrize("size", [0, 0xFFFF_FFFF])
def test_a_wav_whose_size_was_never_filled_in_is_taken_whole(
    tmp_path: Path, size: int, riff: int | None
) -> None:
    assert read(wav(size, riff), tmp_path / "a.wav").source_frames == SECONDS * RATE


def test_a_wav_that_is_truly_empty_holds_no_samples(tmp_path: Path) -> None:
    empty = wav(0)[:44]
    for behind in (b"", b"LIST" + struct.pack("<I", 4) + b"INFO"):
        (tmp_path / "a.wav").write_bytes(empty + behind)
        with pytest.raises(AudioError, match="no samples"):
            read_audio(tmp_path / "a.wav", RATE)


def test_a_flac_that_does_not_tell_its_length_is_taken_whole(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, music(), RATE, format="FLAC")
    data = bytearray(file.getvalue())
    data[21] &= 0xF0  # 36 bits of STREAMINFO
    data[22:26] = bytes(4)
    data[26:42] = bytes(16)  # its MD5
    assert read(bytes(data), tmp_path / "a.flac").source_frames == SECONDS * RATE


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x20ftypM4A ", "M4A"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA"),
        (b"\xff\xf1\x50\x80", "AAC"),
        (b"wvpk\x22\x00\x00\x00", "WavPack"),
        (b"RIFF\x24\x00\x00\x00AVI ", "RIFF"),
    ],
)
def test_what_others_read_comes_with_the_way_around(tmp_path: Path, head: bytes, kind: str) -> None:
    path = tmp_path / "my song.m4a"
    path.write_bytes(head + np.random.default_rng(0).bytes(5000))
    with pytest.raises(AudioError) as caught:
        read_audio(path, RATE)
    assert kind in str(caught.value)
    line = f"ffmpeg -i '{path}' -f wav - | spiking-music encode - 'my song.spk'"
    assert line in str(caught.value)


@pytest.mark.parametrize("level", [0.0, 1e-3])
def test_channels_that_cancel_one_another_are_told(tmp_path: Path, level: float) -> None:
    path = tmp_path / "a.wav"
    one = music(1)
    noise = level * np.random.default_rng(0).standard_normal(one.shape)
    soundfile.write(path, np.concatenate([one, noise - one], axis=1), RATE, subtype="FLOAT")
    (warning,) = read_audio(path, RATE).warnings
    assert "cancel" in warning


def test_a_live_pipe_is_read_as_it_comes(tmp_path: Path) -> None:
    inlet, outlet = os.pipe()
    os.write(outlet, wav(0)[:60_000])
    with opened_audio(inlet, RATE) as reader:
        assert isinstance(reader, AudioReader)
        blocks = iter(reader)
        assert sum(len(next(blocks)) for _ in range(3)) > 0  # while the rest is still to come
        os.close(outlet)
        for _ in blocks:
            pass
    os.close(inlet)
    assert reader.source_frames == (60_000 - 44) // 4
