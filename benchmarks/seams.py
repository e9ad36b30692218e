"""What is heard where windows of both decoders join: `python -m benchmarks seams`.

The same events are decoded on grids of windows that lie differently, so that each moment is at a
seam once and elsewhere in the other decodings: what it is harder to decode does not count. Errors
are those of the decoded sound against the recording.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.results import write_json
from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import PAPER, Bundle, open_bundle
from runtime.codec import Codec
from runtime.decoders.diffusion import Denoised, Diffusion, Sampling, Window
from runtime.decoders.seams import Seams
from runtime.events import EventMatrix
from runtime.kinds import Progress
from spiking_music.cli.terminal import show_rows
from spiking_music.report.demo import default_clip
from train.objectives.distances import magnitudes

Frames = npt.NDArray[np.float64]
Row = dict[str, Any]

HALF, NEAR, FAR = 2, 16, 32  # frames from the middle of a seam


class Independent(Diffusion):
    """Windows that do not know their neighbours and are cross-faded at the end."""

    def _one(
        self,
        window: Window,
        sampling: Sampling,
        before: Seams | None = None,
        after: Seams | None = None,
    ) -> Denoised:
        return super()._one(window, sampling)


def measure(audio: Path | None, bundle: Path | None, steps: int, tell: Progress) -> dict[str, Any]:
    """Return how much larger errors are near seams than elsewhere, for each way to join windows.

    `decoder`, and the `way`, of which the last of each is the decoder's own.

    Within 2 and within 16 frames of the middle of a seam: `error_db`, the energy of the difference
    from the recording, in dB (0: no seam); `log_spectrum`, the mean difference of log magnitudes,
    as a ratio (1: no seam).
    """
    opened = open_bundle(bundle or PAPER)
    samples = read_audio(audio or default_clip(), opened.manifest.sample_rate).samples
    events = Codec(opened).encode(samples, opened.manifest.sample_rate).events
    rows: list[Row] = []
    ways = [*_ways(opened)]
    for number, (decoder, name, codec) in enumerate(ways):
        heard = [*_shifted(codec, events, decoder, steps)]
        overlap = 0 if decoder == "fast" else 2 * codec.manifest.decoder.context_frames
        rows.append({"decoder": decoder, "way": name, **_errors(codec, overlap, samples, heard)})
        tell((number + 1) / len(ways))
    return {"steps": steps, "frames": events.frames, "rows": rows}


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the figures as a table, and write them as JSON where a `path` is given."""
    show_rows(figures["rows"])
    write_json(figures, path)


def _ways(bundle: Bundle) -> Iterator[tuple[str, str, Codec]]:
    manifest = bundle.manifest
    if manifest.has_waveform:
        deaf = replace(manifest, context_frames=0)
        yield "fast", "cut", Codec(replace(bundle, manifest=deaf))
        yield "fast", "hearing its neighbours", Codec(bundle)
    if manifest.has_unet:
        alone = replace(manifest, decoder=replace(manifest.decoder, context_frames=0))
        faded = Codec(bundle)
        faded.decoders["diffusion"] = Independent(bundle, faded.waveform)
        yield "diffusion", "cut", Codec(replace(bundle, manifest=alone))
        yield "diffusion", "cross-faded at the end", faded
        yield "diffusion", "followed at each step", Codec(bundle)


def _shifted(
    codec: Codec, events: EventMatrix, decoder: str, steps: int
) -> Iterator[tuple[int, Samples]]:
    """Decode events from frame `shift` on, for shifts that put a seam near every frame once."""
    hop, chunk = codec.manifest.hop, codec.manifest.chunk_frames
    for shift in range(0, chunk, 2 * NEAR):
        part = events.part(shift, events.frames)
        yield shift, codec.decode(codec.piece(part, part.frames * hop), decoder, steps)


def _errors(codec: Codec, overlap: int, samples: Samples, heard: list[tuple[int, Samples]]) -> Row:
    hop = codec.manifest.hop
    frames = len(samples) // hop
    shape = len(heard), frames
    distance = np.full(shape, np.nan)  # to the nearest seam
    wave, spectrum = np.zeros(shape), np.zeros(shape)
    for row, (shift, sound) in enumerate(heard):
        original, decoded = samples[shift * hop : frames * hop], sound[: (frames - shift) * hop]
        wave[row, shift:] = np.square(original - decoded).reshape(-1, hop).sum(1)
        spectrum[row, shift:] = _log_spectra(original, decoded)
        distance[row, shift:] = _distance(codec.manifest.chunk_frames, overlap, frames - shift)
    return {
        name: value
        for within in (HALF, NEAR)
        for name, value in (
            (f"error_db_{within}", 10 * np.log10(_ratio(wave, distance, within))),
            (f"log_spectrum_{within}", _ratio(spectrum, distance, within)),
        )
    }


def _log_spectra(original: Samples, decoded: Samples) -> Frames:
    """Mean difference of log magnitudes in nepers, a frame."""
    one, other = (np.log(magnitudes(sound, 4 * 512) + 1e-3) for sound in (original, decoded))
    return np.abs(one - other).mean(0, dtype=np.float64)[: len(original) // 512]


def _distance(length: int, overlap: int, frames: int) -> Frames:
    """Frames from the middle of the nearest seam; NaN at the ends, which are no seam."""
    stride = length - overlap
    seams = range(stride, frames - length + 1, stride)
    middles = np.array([seam + overlap / 2 for seam in seams])
    place = np.arange(frames) + 0.5
    nearest = np.abs(place[:, None] - middles).min(1)
    nearest[place > frames - length] = nearest[place < FAR] = np.nan  # at the ends
    return nearest


def _ratio(error: Frames, distance: Frames, within: int) -> float:
    """The error near seams over that of the same frames where no seam is near."""
    near, far = distance <= within, distance > FAR
    times = far.sum(0)
    usual = np.where(far, error, 0).sum(0) / np.maximum(times, 1)
    counted = near & (times > 0)
    return float(error[counted].sum() / np.broadcast_to(usual, error.shape)[counted].sum())
