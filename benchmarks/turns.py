"""What a search that turns single entries of a code, by the sound they make, gains a round."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from benchmarks.results import write_json
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.events import EventMatrix
from runtime.kinds import Progress
from runtime.metrics import si_snr
from runtime.piece import NO_MU
from spiking_music.cli.terminal import show_rows
from train.config import SAMPLE_RATE
from train.data.clips import Clip
from train.turning import torch_decoder, turned


def measure(
    bundle: Bundle, sets: Mapping[str, Sequence[Clip]], rounds: int, progress: Progress
) -> list[dict[str, Any]]:
    """A row a clip and round, 0 for the encoder's own code: entries turned a frame, `si_snr` in dB.

    `seconds` of one core for a second of sound, up to that round. Raises `SpikingMusicError` for a
    bundle that is not FREE.
    """
    codec, decoder = Codec(bundle), torch_decoder(bundle)(NO_MU)
    work = [(name, clip) for name, clips in sets.items() for clip in clips]
    rows = []
    for done, (name, clip) in enumerate(work, 1):
        own = codec.encode(clip.samples, SAMPLE_RATE).events.bits
        began = time.process_time()
        for number, bits in enumerate([own, *turned(decoder, own, clip.samples, rounds)]):
            piece = codec.piece(EventMatrix.from_bits(bits), len(clip.samples))
            rows.append(
                {
                    "set": name,
                    "clip": clip.name,
                    "round": number,
                    "turned": float((bits != own).sum(0).mean()),
                    "si_snr": si_snr(clip.samples, codec.decode(piece)),
                }
            )
        rows[-1]["seconds"] = (time.process_time() - began) * SAMPLE_RATE / len(clip.samples)
        progress(done / len(work))
    return rows


def write(rows: Sequence[dict[str, Any]], path: Path | None) -> None:
    """Print means by set and round, and write all clips as JSON where a `path` is given."""
    write_json(rows, path)
    shown = []
    for name, number in dict.fromkeys((row["set"], row["round"]) for row in rows):
        own = [row for row in rows if (row["set"], row["round"]) == (name, number)]
        decibels = [row["si_snr"] for row in own]
        spread = stdev(decibels) if len(own) > 1 else 0.0
        spent = [row["seconds"] for row in own if "seconds" in row]
        shown.append(
            {
                "set": name,
                "clips": len(own),
                "round": number,
                "turned a frame": f"{mean(row['turned'] for row in own):.2f}",
                "SI-SNR": f"{mean(decibels):.2f} ± {spread:.2f}",
                "core s a second": f"{mean(spent):.2f}" if spent else "",
            }
        )
    show_rows(shown)
