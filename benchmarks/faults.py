"""How much damage the code tolerates: bits flipped, or units and cores lost, before decoding.

Every clip is encoded once, damaged, decoded by the bundle's own decoder and measured against the
recording. Damage is drawn anew, from the same seed, for each clip and repetition.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.events import Bits, EventMatrix
from runtime.files import replacing
from runtime.kinds import Progress
from runtime.metrics import si_snr
from spiking_music.cli.terminal import show_rows

Damage = Callable[[Bits, np.random.Generator], Bits]

FLIPS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000)
CORES = (2, 4, 8, 16)  # over which the units are spread evenly; one of them is lost
SHOWN_DB = 10  # of loss in the figure; what is worse leaves it
CLIP = 2**17  # samples: the paper's clip, 5.944 s, of 20 480 entries


def flipped(bits: Bits, count: int, random: np.random.Generator) -> Bits:
    """Return `bits (N, T)` with `count` different entries flipped, or all where it has fewer."""
    places = random.choice(bits.size, min(count, bits.size), replace=False)
    damaged = bits.copy()
    damaged.flat[places] ^= True
    return damaged


def without_units(bits: Bits, lost: Sequence[int]) -> Bits:
    """Return `bits (N, T)` in which the `lost` units never fire."""
    damaged = bits.copy()
    damaged[list(lost)] = False
    return damaged


def core(units: int, cores: int, index: int) -> range:
    """Return the units on core `index` of `cores` that hold them in order, as evenly as they go."""
    return range(units * index // cores, units * (index + 1) // cores)


def measure(
    bundle: Bundle, recordings: Sequence[Path], repeats: int, seed: int, progress: Progress
) -> dict[str, Any]:
    """Decode the middle clip of each recording under every damage, `repeats` times where drawn.

    Raises what reading and coding raise.
    """
    codec, rate = Codec(bundle), bundle.manifest.sample_rate
    clips = [_middle(read_audio(path, rate).samples) for path in recordings]
    damages = _damages(bundle.manifest.units, repeats)
    total, done = len(clips) * sum(len(ways) for ways in damages.values()), 0
    found: dict[str, list[list[float]]] = {name: [] for name in damages}
    for index, clip in enumerate(clips):
        piece = codec.encode(clip, rate)
        bits = piece.events.bits
        for name, ways in damages.items():
            ratios = []
            for number, damage in enumerate(ways):
                random = np.random.default_rng((seed, index, number))
                damaged = EventMatrix.from_bits(damage(bits, random))
                heard = codec.decode(replace(piece, events=damaged))
                ratios.append(si_snr(clip, heard))
                progress((done := done + 1) / total)
            found[name].append(ratios)
    rows = [{"damage": name, **_summary(ratios, found["flip 0"])} for name, ratios in found.items()]
    return {
        "bundle": f"{bundle.manifest.name} ({bundle.manifest.kind}, {bundle.manifest.model_hash})",
        "decoder": bundle.manifest.decoder.default,
        "clips": [path.name for path in recordings],
        "entries": bundle.manifest.units * -(-CLIP // bundle.manifest.hop),
        "rows": rows,
        "units_db": [float(np.mean(ways)) for ways in zip(*found["lose a unit"], strict=True)],
    }


def _damages(units: int, repeats: int) -> dict[str, list[Damage]]:
    """The ways of each damage: drawn `repeats` times, or one for each unit and each core."""
    ways: dict[str, list[Damage]] = {
        f"flip {count}": [_flip(count)] * (repeats if count else 1) for count in FLIPS
    }
    ways["lose a unit"] = [_lose([unit]) for unit in range(units)]
    for cores in CORES:
        ways[f"lose a core of {cores}"] = [_lose(core(units, cores, i)) for i in range(cores)]
    return ways


def _flip(count: int) -> Damage:
    return lambda bits, random: flipped(bits, count, random)


def _lose(lost: Sequence[int]) -> Damage:
    return lambda bits, random: without_units(bits, lost)


def _middle(samples: Samples) -> Samples:
    start = max(0, (len(samples) - CLIP) // 2)
    return samples[start : start + CLIP]


def _summary(ratios: list[list[float]], whole: list[list[float]]) -> dict[str, float]:
    """SI-SNR in dB over clips and ways, and how much of it is lost, at worst too."""
    values = np.array(ratios)
    lost = np.array(whole) - values
    return {
        "si_snr_db": float(values.mean()),
        "sd": float(values.std()),
        "lost_db": float(lost.mean()),
        "worst_lost_db": float(lost.max()),
    }


def write(found: dict[str, Any], out: Path) -> None:
    """Print the table; write `faults.json`, `faults.png` and `faults.svg` into the folder `out`."""
    show_rows(
        [{k: v if k == "damage" else f"{v:.2f}" for k, v in row.items()} for row in found["rows"]]
    )
    print(f"{found['bundle']}, {found['decoder']} decoder, {len(found['clips'])} clips")
    out.mkdir(parents=True, exist_ok=True)
    with replacing(out / "faults.json", overwrite=True) as temporary:
        temporary.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for kind in ("png", "svg"):
        with replacing(out / f"faults.{kind}", overwrite=True) as temporary:
            _draw(found).savefig(temporary, format=kind, dpi=130)


def _draw(found: dict[str, Any]) -> Any:
    """SI-SNR against flipped bits; beside it against the share of units that are lost."""
    from matplotlib.figure import Figure

    rows = {row["damage"]: row for row in found["rows"]}
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    flips, losses = figure.subplots(1, 2, sharey=True)
    counts = [count for count in FLIPS if count]
    _points(flips, counts, [rows[f"flip {count}"] for count in counts])
    flips.set(xscale="log", xlabel=f"bits flipped of {found['entries']:,}", ylabel="SI-SNR, dB")
    units = len(found["units_db"])
    shares = [1 / units, *(1 / cores for cores in reversed(CORES))]
    lost = ["lose a unit", *(f"lose a core of {cores}" for cores in reversed(CORES))]
    _points(losses, [100 * share for share in shares], [rows[name] for name in lost])
    losses.set(xscale="log", xlabel="share of the units: one, then a core of 16, 8, 4, 2")
    losses.set_xticks([100 * share for share in shares], [f"{share:.1%}" for share in shares])
    losses.minorticks_off()
    whole = rows["flip 0"]["si_snr_db"]
    shown = max(whole - SHOWN_DB, min(row["si_snr_db"] for row in rows.values()) - 1)
    flips.set_ylim(shown, whole + 1)
    for panel in (flips, losses):
        panel.axhline(whole, color="#888888", linewidth=1, linestyle="--")
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(alpha=0.25)
    flips.set_title("flipped before decoding", loc="left", fontsize=10)
    losses.set_title("silent from beginning to end", loc="left", fontsize=10)
    return figure


def _points(panel: Any, places: Sequence[float], rows: Sequence[dict[str, float]]) -> None:
    means, sd = (np.array([row[key] for row in rows]) for key in ("si_snr_db", "sd"))
    panel.fill_between(places, means - sd, means + sd, color="#0072b2", alpha=0.15, linewidth=0)
    panel.plot(places, means, "o-", color="#0072b2", markersize=4)
