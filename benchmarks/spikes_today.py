"""The lapped code beside the usual spike codes for sound, at equal bits and at equal events."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.event_codes import CODES, RATE, EventCode, Spikes, encoded, fitted
from benchmarks.results import write_json
from runtime.audio.samples import Samples
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.costs import bound_bits
from runtime.kinds import Progress
from runtime.metrics import si_snr
from runtime.spk.container import packed
from spiking_music.evaluation.transcription import load_transcriber, note_f1
from train.data.clips import Clip, within
from train.objectives.distances import mel_distance


@dataclass(frozen=True)
class Row:
    """A code on a clip: what was made equal, `events` a second, `bound` and `stored` kbit/s.

    `bound` is log2 C(NT, S); `stored` is None where no file was written.
    """

    code: str
    equal: str
    clip: str
    events: float
    bound: float
    stored: float | None
    si_snr: float
    mel: float
    note_f1: float | None


def measure(
    clips: Sequence[Clip], learned: Sequence[Clip], progress: Progress = lambda share: None
) -> list[Row]:
    """Measure every code on `clips`, with decoders fitted on the clips `learned`."""
    codec, judge = Codec(open_bundle()), _judge()
    ours = [_lapped(codec, clip, judge) for clip in clips]
    rows = list(ours)
    events = float(np.mean([row.events for row in ours]))
    stored = float(np.mean([row.stored or 0.0 for row in ours]))
    points: list[tuple[str, Callable[[Spikes], bool]]] = [
        ("events", lambda spikes: _events(spikes) <= events),
        ("bits", lambda spikes: _bound(spikes) <= stored),
    ]
    for number, code in enumerate(CODES):
        for equal, wanted in points:
            rows += _coded(code, equal, wanted, clips, learned, judge)
        progress((number + 1) / len(CODES))
    return rows


def show(rows: Sequence[Row], json: Path | None) -> None:
    """Print means over the clips, and write every clip as JSON."""
    write_json([asdict(row) for row in rows], json)
    print("| code | equal | events/s | log2 C, kbit/s | stored | SI-SNR | mel | note F1 |")
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for code, equal in dict.fromkeys((row.code, row.equal) for row in rows):
        group = [row for row in rows if (row.code, row.equal) == (code, equal)]
        names = ("events", "bound", "stored", "si_snr", "mel", "note_f1")
        found = [[v for row in group if (v := getattr(row, name)) is not None] for name in names]
        cells = [f"{np.mean(values):.2f}" if values else "-" for values in found]
        print(f"| {code} | {equal} | {' | '.join(cells)} |")


Judge = Callable[[Clip, Samples], tuple[float, float, float | None]]


def _judge() -> Judge:
    transcribe = load_transcriber()

    def judged(clip: Clip, heard: Samples) -> tuple[float, float, float | None]:
        original, heard = within(clip.samples, clip), within(heard, clip)
        notes = note_f1(transcribe(original), transcribe(heard))
        return si_snr(original, heard), mel_distance(original, heard), notes

    return judged


def _lapped(codec: Codec, clip: Clip, judge: Judge) -> Row:
    piece = codec.encode(clip.samples, RATE)
    kbps = len(packed(piece)) * 8e-3 / piece.seconds
    bound = bound_bits(piece.units, piece.events.frames, piece.events.count)
    return Row(
        "lapped, waveform",
        "-",
        clip.name,
        piece.events.count / piece.seconds,
        bound * 1e-3 / piece.seconds,
        kbps,
        *judge(clip, codec.decode(piece, "waveform")),
    )


def _coded(
    code: EventCode,
    equal: str,
    wanted: Callable[[Spikes], bool],
    clips: Sequence[Clip],
    learned: Sequence[Clip],
    judge: Judge,
) -> list[Row]:
    known = [clip.samples.astype(np.float64) for clip in learned]
    replays = [code.replay(*encoded(code, sound, wanted)) for sound in known]
    decoder = fitted(replays, [code.split(sound) for sound in known])
    rows = []
    for clip in clips:
        spikes, scale = encoded(code, clip.samples.astype(np.float64), wanted)
        heard = decoder(code.replay(spikes, scale)).astype(np.float32)
        figures = judge(clip, heard)
        rows.append(
            Row(code.name, equal, clip.name, _events(spikes), _bound(spikes), None, *figures)
        )
    return rows


def _events(spikes: Spikes) -> float:
    return np.count_nonzero(spikes) * RATE / spikes.shape[1]


def _bound(spikes: Spikes) -> float:
    """Bits of the positions, and of the signs where there are both, in kbit/s."""
    channels, frames = spikes.shape
    signs = 2 if (spikes < 0).any() else 1
    bits = bound_bits(signs * channels, frames, int(np.count_nonzero(spikes)))
    return bits * 1e-3 * RATE / frames
