"""Recordings in and out: any file that libsndfile reads becomes mono at one rate, checked."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from runtime.errors import AudioError, OutputError
from runtime.files import replacing

Samples = npt.NDArray[np.float32]

AUDIO_SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aiff", ".aif")
RATES = (1_000, 768_000)  # Hz; outside, a header is damaged rather than unusual
_BLOCK = 1 << 16
_SILENCE = 10 ** (-90 / 20)  # about one step of 16 bits
_FULL_SCALE = 1 - 2**-14
# libsndfile repairs a length that exceeds the file and tells of it only in its log.
_LENGTH = r"^\s*(?:data|SSND|Data Size|Riff size|riff) *: (\d+) \(should be (\d+)\)"
_SHORTENED = re.compile(_LENGTH, re.MULTILINE)
_UNKNOWN_LENGTH = 0xFFFF_FFFF  # what programs that write to a pipe leave in a WAV header
_ENDLESS = 2**62  # libsndfile's length of a FLAC whose header does not tell it


@dataclass(frozen=True, eq=False)
class Recording:
    """A recording, mono: `samples (n,) float32` and what its file was like.

    `source_rate` in Hz, `source_channels`, `source_frames` as in the file; `warnings` are lines
    for the user.
    """

    samples: Samples
    source_rate: int
    source_channels: int
    source_frames: int
    warnings: tuple[str, ...]


def read_audio(path: Path, sample_rate: int) -> Recording:
    """Read a recording, average its channels and bring it to `sample_rate`.

    Read in blocks, so that memory follows the result and not the file. The result has exactly
    `max(1, round(source_frames * sample_rate / source_rate))` samples (half to even). A silent and
    a clipped recording come with a warning.
    Raises `AudioError` when there is no such file, or it is a folder, no audio, empty, truncated,
    holds NaN or infinity, or has a rate outside 1..768 kHz. A truncated Ogg, which does not tell
    its length, is taken as it is.
    """
    path = Path(path)
    if not path.exists():
        raise AudioError(f"{path}: no such file")
    if not path.is_file():
        raise AudioError(f"{path}: is not a file; give one recording")
    if not path.stat().st_size:
        raise AudioError(f"{path}: is empty")
    try:
        with soundfile.SoundFile(path) as file:
            return _read(path, file, sample_rate)
    except (soundfile.LibsndfileError, TypeError) as error:  # TypeError: headerless .raw
        reason = str(getattr(error, "error_string", error)).strip().rstrip(".")
        raise AudioError(f"{path}: is no audio file ({reason}); give a WAV or FLAC") from error


def write_audio(path: Path, samples: Samples, sample_rate: int, overwrite: bool = False) -> None:
    """Write `samples (n,)`, full scale 1.0, as 16-bit PCM: FLAC for `.flac`, WAV for `.wav`.

    Values beyond full scale are clipped, never wrapped. Raises `AudioError` for NaN or infinity,
    `OutputError` for another suffix or when the file cannot be written.
    """
    path = Path(path)
    kind = {".wav": "WAV", ".flac": "FLAC"}.get(path.suffix.lower())
    if kind is None:
        raise OutputError(f"{path}: audio is written as .wav or .flac; choose one of them")
    if not np.isfinite(samples).all():
        raise AudioError(f"{path}: the signal holds NaN or infinity and is not written")
    steps = np.clip(np.rint(samples * np.float32(32768)), -32768, 32767).astype(np.int16)
    with replacing(path, overwrite) as temporary:
        try:
            soundfile.write(temporary, steps, sample_rate, "PCM_16", format=kind)
        except soundfile.LibsndfileError as error:
            raise OutputError(f"{path}: cannot be written ({error})") from error


def _read(path: Path, file: soundfile.SoundFile, sample_rate: int) -> Recording:
    rate, announced = file.samplerate, file.frames
    if not RATES[0] <= rate <= RATES[1]:
        raise AudioError(f"{path}: a rate of {rate} Hz is outside {RATES[0]}..{RATES[1]}")
    for claimed, held in _SHORTENED.findall(file.extra_info):
        if int(held) < int(claimed) != _UNKNOWN_LENGTH:
            raise _truncated(path, f"{held} of {claimed} bytes of sound are there")
    resampler = soxr.ResampleStream(rate, sample_rate, 1) if rate != sample_rate else None
    parts, frames, clipped, peak = [], 0, 0, 0.0
    for block in _blocks(path, file):
        if not np.isfinite(block).all():
            raise AudioError(f"{path}: holds NaN or infinity; export it again from its source")
        mono = block.mean(axis=1, dtype=np.float32)
        frames += len(mono)
        clipped += _clipped(block)
        peak = max(peak, float(np.abs(mono).max()))
        parts.append(resampler.resample_chunk(mono) if resampler else mono)
    if not frames:
        raise AudioError(f"{path}: holds no samples")
    if frames < announced < _ENDLESS:
        raise _truncated(path, f"{frames} of {announced} samples are there")
    if resampler:
        parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    warnings = []
    if peak < _SILENCE:
        warnings.append(f"{path}: is silent (below -90 dBFS)")
    if clipped:
        warnings.append(
            f"{path}: is clipped ({clipped} times three samples at full scale in a row)"
        )
    length = max(1, round(frames * sample_rate / rate))
    samples = _fitted(np.concatenate(parts), length)
    return Recording(samples, rate, file.channels, frames, tuple(warnings))


def _blocks(path: Path, file: soundfile.SoundFile) -> Iterator[Samples]:
    # Until nothing more comes: the announced length may be missing or wrong.
    try:
        while len(block := file.read(_BLOCK, dtype="float32", always_2d=True)):
            yield block
    except soundfile.LibsndfileError as error:
        raise _truncated(path, "or damaged: the decoder loses its way") from error


def _clipped(block: Samples) -> int:
    full = np.abs(block) >= _FULL_SCALE
    return int(np.count_nonzero(full[2:] & full[1:-1] & full[:-2]))


def _fitted(samples: Samples, length: int) -> Samples:
    # The resampler rounds its length in its own way, one sample off at most.
    return np.pad(samples[:length], (0, max(0, length - len(samples))))


def _truncated(path: Path, what: str) -> AudioError:
    return AudioError(f"{path}: is truncated ({what}); copy or export it again")
