"""What clips cost when each has its own mu: the fewest events that reach a quality."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.results import write_json
from runtime.codec import Codec
from runtime.costs import event_rates
from runtime.kinds import Progress
from runtime.metrics import si_snr
from runtime.rate_control import AtLeast, chosen_chunks
from spiking_music.cli.terminal import show_rows
from spiking_music.evaluation.evaluate import bounded_decibels
from spiking_music.evaluation.systems import stored
from train.data.clips import Clip

FIGURES = ("formula", "bound", "stored", "si_snr")


@dataclass(frozen=True)
class Row:
    """A clip: its largest good `mu`, else 0 and `missed`; rates in kbit/s, `si_snr` in dB."""

    set: str
    clip: str
    mu: int
    missed: bool
    formula: float
    bound: float
    stored: float
    si_snr: float


def measure(
    codec: Codec, sets: Mapping[str, Sequence[Clip]], least: float, progress: Progress
) -> list[Row]:
    """Encode every clip, which is to be one chunk, with `least` dB to reach, as a file.

    Raises `SpikingMusicError` for a bundle without mu.
    """
    work = [(name, clip) for name, clips in sets.items() for clip in clips]
    rows = []
    for name, clip in work:
        rows.append(_row(codec, name, clip, least))
        progress(len(rows) / len(work))
    return rows


def write(rows: Sequence[Row], path: Path | None) -> None:
    """Print means ± standard deviations, and write all clips as JSON where a `path` is given."""
    write_json([asdict(row) for row in rows], path)
    names = dict.fromkeys(row.set for row in rows)
    show_rows([_shown([row for row in rows if row.set == name]) for name in names])


def _row(codec: Codec, name: str, clip: Clip, least: float) -> Row:
    choice = AtLeast(codec, least)
    (chunk,) = chosen_chunks(codec, [clip.samples], choice)
    piece = codec.joined([chunk], len(clip.samples), chunk.mu)
    bits, piece = stored(piece)
    rates = event_rates(piece.events, piece.seconds)
    return Row(
        name,
        clip.name,
        chunk.mu,
        choice.missed > 0,
        rates["paper_kbps"],
        rates["bound_kbps"],
        bits / piece.seconds / 1000,
        bounded_decibels(si_snr(clip.samples, codec.decode(piece))) or 0.0,
    )


def _shown(rows: Sequence[Row]) -> dict[str, Any]:
    values = {name: [getattr(row, name) for row in rows] for name in FIGURES}
    return {
        "set": rows[0].set,
        "clips": len(rows),
        "missed": sum(row.missed for row in rows),
        **{
            name: f"{mean(found):.2f} ± {stdev(found) if len(found) > 1 else 0.0:.2f}"
            for name, found in values.items()
        },
    }
