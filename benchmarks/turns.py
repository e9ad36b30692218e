"""What a search that turns single entries of a code, by the sound they make, would gain.

The decoder stays as it is. The gradient of the squared error tells for each entry what turning it
would gain if the decoder were linear. In turn, every twelfth frame tries the entry that promises
most and keeps it where the error of the twelve frames around it falls; a round tries all frames
once, and no entry is tried twice.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.results import write_json
from runtime.audio.samples import Samples
from runtime.bundle import DECODER_FAST, Bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.events import Bits, EventMatrix
from runtime.kinds import Progress
from runtime.metrics import si_snr
from spiking_music.cli.terminal import show_rows
from train.config import HOP, SAMPLE_RATE, from_dict
from train.data.clips import Clip
from train.networks.seanet import fold
from train.networks.trunks import decoder_of
from train.onnx_weights import read_weights

APART = 12  # frames between those that are tried at once: beyond them an entry is hardly heard


def measure(
    bundle: Bundle, sets: Mapping[str, Sequence[Clip]], rounds: int, progress: Progress
) -> list[dict[str, Any]]:
    """A row a clip and round, 0 for the encoder's own code: entries turned a frame, `si_snr` in dB.

    `seconds` of one core for a second of sound, up to that round. Raises `SpikingMusicError` for a
    bundle that is not FREE.
    """
    codec, decoder = Codec(bundle), torch_decoder(bundle)
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


def torch_decoder(bundle: Bundle) -> nn.Module:
    """The waveform decoder of a FREE bundle in torch; raises `SpikingMusicError` for another."""
    manifest = bundle.manifest
    if manifest.kind != "FREE":
        raise SpikingMusicError(f"the bundle {manifest.name} is {manifest.kind}; give a FREE one")
    weights = read_weights(bundle, DECODER_FAST)
    decoder = fold(decoder_of(from_dict(manifest.training["config"]).waveform, manifest.units))
    decoder.load_state_dict({name: weights[name] for name in decoder.state_dict()})
    return decoder.eval().requires_grad_(False)


def turned(decoder: nn.Module, bits: Bits, samples: Samples, rounds: int) -> Iterator[Bits]:
    """Yield the events `(N, T)` of `samples (n,)` after each round."""
    events = torch.from_numpy(bits[None].astype(np.float32))
    wanted = F.pad(torch.from_numpy(samples), (0, bits.shape[1] * HOP - len(samples)))
    tried = torch.zeros(bits.shape, dtype=torch.bool)
    for _ in range(rounds):
        for first in range(min(APART, bits.shape[1])):
            frames = torch.arange(first, bits.shape[1], APART)
            error, promised = _promised(decoder, events, wanted)
            units = promised.masked_fill(tried, -torch.inf)[:, frames].argmax(0)
            tried[units, frames] = True
            other = events.clone()
            other[0, units, frames] = 1 - other[0, units, frames]
            kept = (_around(decoder(other)[0, 0] - wanted) < _around(error))[frames]
            events[0, units[kept], frames[kept]] = other[0, units[kept], frames[kept]]
        yield events[0].numpy() > 0.5


def _promised(decoder: nn.Module, events: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
    """The error, and by how much its square would fall for each entry turned, `(N, T)`."""
    events = events.clone().requires_grad_()
    error = decoder(events)[0, 0] - wanted
    (gradient,) = torch.autograd.grad(error.square().sum(), events)
    return error.detach(), (gradient * (2 * events.detach() - 1))[0]


def _around(error: Tensor) -> Tensor:
    """The squared error in the frames around each frame, `(T,)`."""
    frames = F.pad(error.square().unflatten(0, (-1, HOP)).sum(1), (APART // 2, APART // 2 - 1))
    return frames.unfold(0, APART, 1).sum(1)
