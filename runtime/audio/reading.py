"""Read a recording block by block, from any file or pipe that libsndfile reads, as mono."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from runtime.audio.opening import opened_sound
from runtime.audio.samples import Samples
from runtime.errors import AudioError

RATES = (1_000, 768_000)  # Hz; outside, a header is damaged rather than unusual
_LIVE, _BLOCK = 1 << 12, 1 << 16  # frames; a recording from a pipe is delayed by the former
_SILENCE = 10 ** (-90 / 20)  # about one step of 16 bits
_CANCELLED = 1e-3  # if the mean has less than this share of the channels' energy, they cancel out
_FULL_SCALE = 1 - 2**-14
# libsndfile repairs a length that exceeds the file, and mentions it only in its log.
_LENGTH = r"^\s*(?:data|SSND|Data Size|Riff size|riff) *: (\d+) \(should be (\d+)\)"
_SHORTENED = re.compile(_LENGTH, re.MULTILINE)
_DATA = re.compile(r"^\s*data *: (\d+)", re.MULTILINE)
# What programs that write to a pipe leave in a WAV header.
_UNKNOWN_LENGTHS = (0xFFFF_FFFF, 0x7FFF_F000, 0x7FFF_FFFF)
_ENDLESS = 2**62  # the length that libsndfile gives when the file does not state one
_FLAC_ENDS, _MPEG_ENDS = 39, 29  # libsndfile's errors at the end of such a FLAC, or of a cut MP3
_UNTOUCHED = 1e30  # marks places that no sample was written to


class AudioReader:
    """A recording that is being read; iterating over it, once, gives blocks `(n,) float32`.

    All blocks together have `max(1, round(frames * sample_rate / source_rate))` samples (half to
    even); `samples` is that number, or None if the file does not state its length. `source_rate`
    in Hz and `source_channels` are those of the file; `source_frames` and `warnings`, lines for the
    user, are complete after the last block.
    Iterating raises `AudioError` when the recording is truncated, empty, or holds NaN or
    infinity.
    """

    def __init__(
        self, name: str, file: soundfile.SoundFile, descriptor: int, sample_rate: int | None
    ) -> None:
        self._name, self._file, self._descriptor = name, file, descriptor
        self.source_rate = int(file.samplerate)
        self._rate = sample_rate or self.source_rate
        self.source_channels = int(file.channels)
        self.source_frames = 0
        self.warnings: tuple[str, ...] = ()
        self._cut = False
        if not RATES[0] <= self.source_rate <= RATES[1]:
            raise AudioError(
                f"{name}: a rate of {self.source_rate} Hz is outside {RATES[0]}..{RATES[1]}"
            )
        for claimed, held in _SHORTENED.findall(file.extra_info):
            if int(held) < int(claimed) and int(claimed) not in _UNKNOWN_LENGTHS:
                raise self._truncated(f"{held} of {claimed} bytes of audio are present")
        self._announced = _announced(file)
        self.samples = None if self._announced is None else self._length(self._announced)

    def __iter__(self) -> Iterator[Samples]:
        same = self.source_rate == self._rate
        resampler = None if same else soxr.ResampleStream(self.source_rate, self._rate, 1)
        clipped, peak, given, energies = 0, 0.0, 0, np.zeros(2)
        late = np.zeros(
            0, np.float32
        )  # given out one block late, since the last one may have to be shortened
        for block in self._blocks():
            if not np.isfinite(block).all():
                raise AudioError(
                    f"{self._name}: holds NaN or infinity; export it again from its source"
                )
            mono = mixed(block)
            clipped += _clipped(block)
            peak = max(peak, float(np.abs(mono).max()))
            energies += np.square(mono).sum(), np.square(block).sum() / self.source_channels
            yield late
            given += len(late)
            late = resampler.resample_chunk(mono) if resampler else mono
        self._check_end()
        if resampler:
            rest = resampler.resample_chunk(np.zeros(0, np.float32), last=True)
            late = np.concatenate([late, rest])
        yield _fitted(late, self._length(self.source_frames) - given)
        self.warnings = tuple(self._remarks(peak, clipped, energies))

    def _blocks(self) -> Iterator[Samples]:
        # Read until nothing more comes: the stated length may be missing or wrong.
        size = _BLOCK if self._file.seekable() else _LIVE
        room = np.empty((size, self.source_channels), np.float32)
        while len(block := self._block(room)):
            self.source_frames += len(block)
            yield block

    def _block(self, room: Samples) -> Samples:
        """Read the next frames `(n, channels)` into `room`; none are left at the end."""
        untouched = np.float32(_UNTOUCHED)
        room[:, 0] = untouched
        try:
            return self._file.read(out=room)
        except soundfile.LibsndfileError as error:
            if self._announced is None and error.code in (_FLAC_ENDS, _MPEG_ENDS):
                self._cut = error.code == _MPEG_ENDS
                return room[: np.count_nonzero(room[:, 0] != untouched)]
            raise self._truncated("or damaged: the decoder loses its way") from error

    def _check_end(self) -> None:
        if not self.source_frames:
            raise AudioError(f"{self._name}: holds no samples")
        if self._announced is not None and self.source_frames < self._announced:
            raise self._truncated(f"{self.source_frames} of {self._announced} samples are present")
        mpeg = self._file.subtype.startswith("MPEG")
        if mpeg and self._announced is None and os.read(self._descriptor, 1):
            raise self._truncated("or damaged: the decoder gives up before the end")

    def _length(self, frames: int) -> int:
        return max(1, round(frames * self._rate / self.source_rate))

    def _remarks(
        self, peak: float, clipped: int, energies: npt.NDArray[np.float64]
    ) -> Iterator[str]:
        if energies[0] < _CANCELLED * energies[1]:
            yield (
                f"{self._name}: its channels cancel one another, and what is read is their mean; "
                "give it one channel"
            )
        elif peak < _SILENCE:
            yield f"{self._name}: is silent (below -90 dBFS)"
        if self._cut:
            yield f"{self._name}: breaks off; what comes before that is read"
        if clipped:
            yield f"{self._name}: is clipped ({clipped} times three samples at full scale in a row)"

    def _truncated(self, what: str) -> AudioError:
        return AudioError(f"{self._name}: is truncated ({what}); copy or export it again")


@contextmanager
def opened_audio(source: Path | int, sample_rate: int | None) -> Iterator[AudioReader]:
    """Open a file, or a pipe by its descriptor, and yield an `AudioReader` at `sample_rate`.

    WAV, AIFF and Ogg are read from a pipe as they arrive; anything else is read in full first.
    Raises `AudioError` when the file does not exist, is a folder, is not audio, or is empty.
    """
    with opened_sound(source) as (name, sound, descriptor):
        yield AudioReader(name, sound, descriptor, sample_rate)


def mixed(frames: Samples) -> Samples:
    """The mean of the channels of `frames (n, channels)`, `(n,)`."""
    return np.ascontiguousarray(frames.T).mean(axis=0, dtype=np.float32)


def _announced(file: soundfile.SoundFile) -> int | None:
    """Return how many frames a file says it has, or None if it does not say."""
    unknown = any(int(length) in _UNKNOWN_LENGTHS for length in _DATA.findall(file.extra_info))
    return None if unknown or file.frames >= _ENDLESS else int(file.frames)


def _clipped(block: Samples) -> int:
    full = np.abs(block) >= _FULL_SCALE
    return int(np.count_nonzero(full[2:] & full[1:-1] & full[:-2]))


def _fitted(samples: Samples, length: int) -> Samples:
    # The resampler rounds the length differently, by one sample at most.
    return np.pad(samples[:length], (0, max(0, length - len(samples))))
