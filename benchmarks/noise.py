"""How loud the noise of the lapped codec is beside the original, by band and block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.lapped import Bench
from runtime.audio.samples import Samples
from runtime.kinds import Progress
from runtime.lapped.corrections import FLOOR
from runtime.lapped.noise import BANDS, BLOCK, HOP, PARTS, first_band, powers
from train.data.clips import SAMPLE_RATE, Clip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Excess:
    """How much louder than the original noise is, in dB: `(n,)` over bands and blocks."""

    corrected: Floats
    below: Floats  # the bands that have no corrections


def measure(
    clips: Sequence[Clip], bench: Bench, kbps: float, progress: Progress = lambda share: None
) -> Excess:
    """Measure clips, each coded at a rate in kbit/s, `kbps` of events."""
    found = []
    for number, clip in enumerate(clips):
        step = bench.coded(clip, kbps).step
        piece = bench.codec.encode(clip.samples, SAMPLE_RATE, step=step, effort=bench.effort)
        noise = bench.codec.decode(piece) - bench.codec.decode(piece, "waveform")
        found.append(excess(clip.samples, noise))
        progress((number + 1) / len(clips))
    whole, first = np.concatenate(found), first_band(SAMPLE_RATE)
    return Excess(whole[:, first:].ravel(), whole[:, :first].ravel())


def excess(original: Samples, noise: Samples) -> Floats:
    """How much louder noise is than the original, or than what is inaudible: `(blocks, bands)` dB.

    Means over a block of power, as the encoder judges what it may add.
    """
    hops = len(original) // HOP * HOP
    power = [
        powers(sound[:hops], BANDS, SAMPLE_RATE).astype(np.float64) for sound in (original, noise)
    ]
    starts = np.arange(0, len(power[0]), PARTS * BLOCK)
    counts = np.diff(np.append(starts, len(power[0])))[:, None]
    there, added = (np.add.reduceat(p, starts) / counts for p in power)
    return np.asarray(10 * np.log10((added + 1e-20) / (there + FLOOR)))


def show(found: Excess) -> None:
    """Print how often noise is louder, and by how much."""
    for name, values in (("with corrections", found.corrected), ("without", found.below)):
        worst = ", ".join(f"{np.percentile(values, at):.2f} dB in {at} %" for at in (95, 99))
        print(
            f"bands {name}: louder in {100 * np.mean(values > 0):.1f} % of {len(values)} bands and "
            f"blocks; at most {worst}; {values.max():.1f} dB in all"
        )
