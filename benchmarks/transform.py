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
import numpy.typing as npt

from benchmarks.results import write_json
from neuromorphic.chips.catalogue import load_chip
from neuromorphic.energy import energies
from neuromorphic.integers.bundles import lapped_units
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.lapped_decoder import messages, sound, window_network
from neuromorphic.opening import bundle_network
from neuromorphic.simulate import spikes
from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.lapped.model import step_of
from runtime.lapped.rate_control import Within
from runtime.lapped.transform import frame_count, synthesis
from runtime.metrics import si_snr
from runtime.piece import Piece
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


def measure(
    recordings: Sequence[Path], model: Path | None = None, kbps: float | None = None
) -> dict[str, Any]:
    """Return a row for each way of the transform, and of its inverse, a second of sound.

    `model` is a LAPPED bundle. Steps are the usual ones, or the finest that keep a recording's file
    within `kbps`.
    """
    bundle = open_bundle(model or Path("lapped"))
    codec, hop = Codec(bundle), bundle.manifest.hop
    bins, window = codec.engine.code.bins, 2 * hop
    decoder = Forms(
        integers=window_network(lapped_units(bundle)), period=hop / codec.manifest.sample_rate
    )
    encoding, decoding = OnChip(), OnChip()
    frames = seconds = events = active = used = 0.0
    quality = []
    for file in recordings:
        samples = read_audio(file, bundle.manifest.sample_rate).samples
        piece = _encoded(codec, samples, kbps)
        network = bundle_network(bundle, piece.units)
        payload = codec.engine.payload(samples, piece.mus, piece.units // (2 * bins))
        encoding.add(network, payload.T)
        q = levels_of(piece.events, bins)
        step = np.repeat([step_of(index) for index in piece.mus], bundle.manifest.chunk_frames)
        step = np.append(step, step[-1])[: len(q)].astype(np.float32)
        values = codec.engine.model.unrefined(q, step)
        given = messages(values / step[:, None])
        decoding.add(decoder, given)
        sounds = (
            codec.decode(piece, "waveform"),
            synthesis(values, hop),
            sound(spikes(decoder, given), step),
        )
        quality.append([si_snr(samples, heard[: len(samples)]) for heard in sounds])
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
        encoding.row("event-driven sums and thresholds", seconds),
    ]  # fmt: skip
    inverse = [
        _row("inverse by FFT", rate * fft_products(hop), rate * (window + hop) * FLOAT),
        _row("whole inverse, dense", rate * bins * window, rate * bins * window),
        _row("coefficients that are not 0", active / seconds * window, active / seconds * window),
        _row("events, each adds a row", events / seconds * window, events / seconds * window),
        decoding.row("event-driven: each value adds its row", seconds),
    ]
    names = ("waveform_si_snr_db", "unrefined_si_snr_db", "chip_si_snr_db")
    means = dict(zip(names, np.mean(quality, axis=0).tolist(), strict=True))
    return {"recordings": len(recordings), "forward": forward, "inverse": inverse} | means


def _encoded(codec: Codec, samples: Samples, kbps: float | None) -> Piece:
    if kbps is None:
        return codec.encode(samples, codec.manifest.sample_rate)
    chunks = codec.engine.encoder.chunks([samples], Within(codec.engine, kbps, 0))
    return codec.joined([*chunks], len(samples))


class OnChip:
    """What runs of a network cost on the chip, added up."""

    def __init__(self) -> None:
        self.sums = self.updates = 0
        self.spent = np.zeros(3)  # operations, in real time, as fast as it goes
        self.placed: dict[str, Any] = {}

    def add(self, forms: Forms, x: npt.NDArray[Any]) -> None:
        """Add a run on `x (T, M)`."""
        found = energies(forms, x, CHIP)
        for own in found["counts"].values():
            self.sums += own["synaptic_events"]
            self.updates += own["driven_updates"] + own["idle_updates"]
        bill = found["chips"][CHIP]
        placed = bill["placement"]
        self.spent += [bill["table"][0]["dynamic_j"], *(row["total_j"] for row in bill["table"])]
        self.placed = max(self.placed or placed, placed, key=lambda one: one["cores"])

    def row(self, way: str, seconds: float) -> dict[str, Any]:
        """A row of the table, a second of so many `seconds` of sound."""
        operations, real, fast = self.spent / seconds
        return {
            "way": way,
            "operations": (self.sums + self.updates) / seconds,
            "bytes": self.sums / seconds,
            "joules": {CHIP: operations},
            "real_time_j": real,
            "fast_j": fast,
            **{name: self.placed[name] for name in ("cores", "chips")},
        }


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
        chip = found[name][-1]
        real, fast = joules(chip["real_time_j"]), joules(chip["fast_j"])
        print(
            f"{CHIP}, {chip['cores']} cores, {chip['chips']} chips, with static power: {real} in "
            f"real time, {fast} as fast as it goes"
        )
    waveform, unrefined, chip_db = (
        found[f"{name}_si_snr_db"] for name in ("waveform", "unrefined", "chip")
    )
    print(
        f"SI-SNR: {waveform:.2f} dB of the waveform decoder, {unrefined:.2f} dB without its "
        f"refiner, {chip_db:.2f} dB of the chip's sums"
    )


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
