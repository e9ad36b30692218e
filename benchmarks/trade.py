"""Quality against stored bits: the lapped codec beside Opus and the paper's kinds, as a picture."""

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from benchmarks.spectrograms import save
from runtime.errors import SpikingMusicError
from spiking_music.figures.style import INK, LINES, STYLE, canvas

MEASURES = {
    "si_snr_db": "SI-SNR, dB",
    "mel_distance": "mel distance, nepers",
    "visqol": "ViSQOL",
    "note_f1": "note F1",
}
NAMES = ("listening", "mel", "visqol", "note_f1")  # of the same in a row of `lapped`
CURVES = ("lapped", "Opus", "MU_SPARSE")  # what the names of several systems begin with
SINGLE = ("RVQ", "FREE", "SPARSE")
TICKS = (0.7, 1.5, 3.4, 7, 14, 26)  # kbit/s


@dataclass(frozen=True)
class Point:
    """A system on a set of clips: means of kbit/s, of files where there are any, and `MEASURES`."""

    set: str
    system: str
    kbps: float
    figures: tuple[float, ...]


def lapped_points(path: Path) -> list[Point]:
    """Read what `benchmarks lapped --judged --json` wrote, one point a rate."""
    rows = [row for row in json.loads(path.read_text()) if row["wish"].endswith("kbit/s")]
    if not rows or any(row["visqol"] is None for row in rows):
        raise SpikingMusicError(f"{path}: was not judged; make it with lapped --judged --json")
    return _means((r["set"], f"lapped {r['wish']}", r["file"], [r[n] for n in NAMES]) for r in rows)


def compared_points(path: Path) -> list[Point]:
    """Read the clips that `benchmarks compare` wrote."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["stored_kbps"] or r["paper_kbps"]]
    return _means(
        (
            r["set"],
            r["system"],
            float(r["stored_kbps"] or r["paper_kbps"]),
            [float(r[name] or "nan") for name in MEASURES],
        )
        for r in rows
    )


def _means(rows: Iterable[tuple[str, str, float, Sequence[float]]]) -> list[Point]:
    groups: dict[tuple[str, str], list[list[float]]] = {}
    for name, system, kbps, figures in rows:
        groups.setdefault((name, system), []).append([kbps, *figures])
    means = {key: np.nanmean(group, axis=0).tolist() for key, group in groups.items()}
    return [Point(*key, mean[0], tuple(mean[1:])) for key, mean in means.items()]


def draw(points: Sequence[Point], picture: Path) -> None:
    """Draw each measure of each set that has a lapped codec against the rate, as a PNG."""
    sets = list(dict.fromkeys(p.set for p in points if p.system.startswith("lapped ")))
    with matplotlib.rc_context(STYLE):
        figure = canvas(1000, 270 * len(sets))
        panels = figure.subplots(len(sets), len(MEASURES), squeeze=False)
        for row, name in zip(panels, sets, strict=True):
            there = [point for point in points if point.set == name]
            for index, (panel, measure) in enumerate(zip(row, MEASURES.values(), strict=True)):
                _trade(panel, there, index)
                panel.set(title=measure, xlabel="kbit/s")
            row[0].set_ylabel(name, color=INK)
        panels[0, 0].legend(fontsize=8)
        save(figure, picture, dpi=80)


def _trade(panel: Axes, points: Sequence[Point], index: int) -> None:
    """Draw one measure of one set."""
    *looks, single = LINES
    for look, start in zip(looks, CURVES, strict=True):
        some = [(p.kbps, p.figures[index]) for p in points if p.system.startswith(start)]
        panel.plot(*np.transpose(sorted(some)), **look | {"markersize": 4}, label=start)
    for point in points:
        if point.system in SINGLE:
            place = point.kbps, point.figures[index]
            panel.plot(*place, **single | {"markersize": 4})
            panel.annotate(point.system, place, (4, 2), textcoords="offset points", fontsize=7)
    panel.set_xscale("log")
    panel.set_xticks(TICKS, list(map(str, TICKS)))
    panel.minorticks_off()
