"""The lapped transform and its inverse: by FFT, dense on an NPU, and by event-driven sums.

The same coefficients each time. Products or sums, bytes of weights and samples read, and joules
for a second of sound. A processor is priced by an 8-bit product, all in, which is too little for an
FFT in longer words; the chip by its operations, and with static power in real time and run fast.
"""

from collections.abc import Sequence
from math import log2
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import write_json
from neuromorphic.chips.catalogue import load_chip
from neuromorphic.energy import energies
from neuromorphic.opening import bundle_network
from runtime.audio.recordings import read_audio
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.lapped.transform import frame_count
from runtime.thermometer import levels_of
from spiking_music.cli import terminal
from spiking_music.report.joules import joules

PROCESSORS = ("stm32u5", "gap9", "ndp120")
CHIP = "loihi2"
FLOAT = 4  # bytes


def fft_products(hop: int) -> int:
    """Products of one MDCT of `2 hop` samples by a complex FFT of `hop / 2` points.

    Window `2 hop`, a turn before and after the FFT of 4 products for each point, and for each of
    its `(hop / 4) log2(hop / 2)` butterflies 4 more (radix 2; Malvar 1992).
    """
    points = hop // 2
    return 2 * hop + 2 * 4 * points + 4 * (points // 2) * int(log2(points))


def measure(recordings: Sequence[Path]) -> dict[str, Any]:
    """Return a row for each way of the transform, and of its inverse, a second of sound."""
    bundle = open_bundle(Path("lapped"))
    codec, hop = Codec(bundle), bundle.manifest.hop
    bins, window = codec.engine.code.bins, 2 * hop
    frames = seconds = events = active = used = sums = updates = 0.0
    spent = np.zeros(3)  # operations, in real time, as fast as it goes
    for file in recordings:
        samples = read_audio(file, bundle.manifest.sample_rate).samples
        payload, piece = codec.analyse(samples)
        found = energies(bundle_network(bundle, piece.units), payload.T, CHIP)
        for own in found["counts"].values():
            sums += own["synaptic_events"]
            updates += own["driven_updates"] + own["idle_updates"]
        table = found["chips"][CHIP]["table"]
        spent += [table[0]["dynamic_j"], *(row["total_j"] for row in table)]
        q = levels_of(piece.events, bins)
        frames += frame_count(len(samples), hop)
        seconds += piece.seconds
        events += piece.events.count
        active += np.count_nonzero(q)
        used += sum(
            len(part) * (np.flatnonzero(part.any(0)).max(initial=-1) + 1)
            for part in np.array_split(q, range(64, len(q), 64))
        )
    rate = frames / seconds
    forward = [
        _row("FFT, processors", rate * fft_products(hop), rate * (window + hop) * FLOAT),
        _row("dense int8, processors", rate * bins * window, rate * bins * window),
        _row("the same, only bins up to the highest in use", window * used / seconds,
             window * used / seconds),
        {
            "way": "event-driven sums and thresholds",
            "operations": (sums + updates) / seconds,
            "bytes": sums / seconds,
            "joules": {CHIP: spent[0] / seconds},
            "real_time_j": spent[1] / seconds,
            "fast_j": spent[2] / seconds,
        },
    ]  # fmt: skip
    inverse = [
        _row("inverse by FFT", rate * fft_products(hop), rate * (window + hop) * FLOAT),
        _row("whole inverse, dense", rate * bins * window, rate * bins * window),
        _row("coefficients that are not 0", active / seconds * window, active / seconds * window),
        _row("events, each adds a row", events / seconds * window, events / seconds * window),
    ]
    return {"recordings": len(recordings), "forward": forward, "inverse": inverse}


def _row(name: str, products: float, moved: float) -> dict[str, Any]:
    prices = {chip: load_chip(chip).energy["mac"].range() for chip in PROCESSORS}
    return {
        "way": name,
        "operations": products,
        "bytes": moved,
        "joules": {chip: products * price[1] for chip, price in prices.items() if price},
    }


def write(found: dict[str, Any], path: Path | None) -> None:
    """Print the tables, and write the figures as JSON where a `path` is given."""
    write_json(found, path)
    for name in ("forward", "inverse"):
        print(f"{name}, a second of sound, middle prices")
        terminal.show_rows([_shown(row) for row in found[name]])
    chip = found["forward"][-1]
    real, fast = joules(chip["real_time_j"]), joules(chip["fast_j"])
    print(f"{CHIP} with static power: {real} in real time, {fast} as fast as it goes")


def _shown(row: dict[str, Any]) -> dict[str, str]:
    return {
        "way": row["way"],
        "M operations": f"{row['operations'] / 1e6:.2f}",
        "MB read": f"{row['bytes'] / 1e6:.2f}",
        **{
            chip: joules(row["joules"][chip]) if chip in row["joules"] else "-"
            for chip in (*PROCESSORS, CHIP)
        },
    }
