"""Figure 4: what clips cost and how good they are at every mu, measured and drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from runtime.codec import Codec
from runtime.costs import event_rates
from runtime.events import Bits
from runtime.metrics import si_snr
from runtime.mu import DEFAULT_MU
from spiking_music.cli import terminal
from spiking_music.evaluation.evaluate import bounded_decibels
from spiking_music.figures.style import ACCENT, BLUE, FAINT, INK, STYLE, WARM, WIDE, canvas, letter
from train.data.clips import Clip

MUS = (0, 4, 8, 12, 16, 20, 24, 28)
SHOWN = (4, 12, 16, 24)  # as event matrices
CURVES = 8  # clips, as in the paper
FLOOR = -10.0  # dB


@dataclass(frozen=True)
class Point:
    """A clip at a rate: `mu`, None of a code that has one rate only; `kbps`, `si_snr` in dB."""

    clip: str
    mu: int | None
    kbps: float
    si_snr: float


def figure_4(codecs: Mapping[str, Codec], clips: Sequence[Clip], least: float) -> Figure:
    """Measure the MU_SPARSE codec of `codecs`, by kind, on clips, and draw it beside SPARSE.

    `least` dB is the quality that control keeps. A at every one of `MUS` for some clips spread
    over all, B at mu = 16 for all, C of the first clip.
    """
    controlled = codecs["MU_SPARSE"]
    some = clips[:: -(-len(clips) // CURVES)]
    with terminal.progress("figure 4: A") as tell:
        pairs = [(clip, mu) for clip in some for mu in MUS]
        curves = []
        for clip, mu in pairs:
            curves.append(measured(controlled, clip, mu))
            tell(len(curves) / len(pairs))
    clouds = {f"MU_SPARSE, mu = {DEFAULT_MU}": _all(controlled, clips, DEFAULT_MU)}
    if "SPARSE" in codecs:
        clouds = {"SPARSE": _all(codecs["SPARSE"], clips, None)} | clouds
    shown = some[0]
    hertz = controlled.manifest.sample_rate
    matrices = {mu: controlled.encode(shown.samples, hertz, mu).events.bits for mu in SHOWN}
    rate = hertz / controlled.manifest.hop
    return drawn(curves, clouds, matrices, shown.name, least, rate)


def measured(codec: Codec, clip: Clip, mu: int | None) -> Point:
    """Return what a clip costs by the paper's formula, and how good the default decoder is."""
    piece = codec.encode(clip.samples, codec.manifest.sample_rate, mu)
    quality = bounded_decibels(si_snr(clip.samples, codec.decode(piece)))
    return Point(
        clip.name, mu, event_rates(piece.events, piece.seconds)["paper_kbps"], quality or 0.0
    )


def _all(codec: Codec, clips: Sequence[Clip], mu: int | None) -> list[Point]:
    points = []
    with terminal.progress(f"figure 4: B, {codec.manifest.kind}") as tell:
        for clip in clips:
            points.append(measured(codec, clip, mu))
            tell(len(points) / len(clips))
    return points


def drawn(
    curves: Sequence[Point],
    clouds: Mapping[str, Sequence[Point]],
    matrices: Mapping[int, Bits],
    shown: str,
    least: float,
    frames_per_second: float,
) -> Figure:
    """Draw A, the `curves` of clips over mu; B, the `clouds` of codes; C, the events of one clip.

    SI-SNR below -10 dB is drawn there: nothing of the clip is left.

    `matrices`: `(units, T)` of the clip `shown` by mu; `least`, dB, is the quality that control
    is to keep.
    """
    with matplotlib.rc_context(STYLE):
        figure = canvas(WIDE, 500)
        top, below = figure.subfigures(2, 1, height_ratios=(3, 2), squeeze=False)[:, 0]
        left, right = top.subplots(1, 2)
        _curves(left, curves, set(matrices), shown, least)
        _clouds(right, clouds)
        panels = below.subplots(1, len(matrices), sharey=True, squeeze=False)[0]
        for panel, (mu, bits) in zip(panels, matrices.items(), strict=True):
            _events(panel, bits, frames_per_second)
            panel.set_title(f"mu = {mu}, {bits.mean():.1%} ones", fontsize=9)
        panels[0].set_ylabel("unit")
        letter(panels[0], "C", panels[0].get_title(loc="left"))
    return figure


def kept(points: Sequence[Point], least: float) -> Point | None:
    """Return the point of a clip with the largest mu whose SI-SNR is above `least`, if any."""
    good = [point for point in points if point.si_snr > least]
    return max(good, key=lambda point: -1 if point.mu is None else point.mu, default=None)


def _curves(
    panel: Axes, points: Sequence[Point], marked: set[int], shown: str, least: float
) -> None:
    labelled = False
    for clip in dict.fromkeys(point.clip for point in points):
        own = sorted((p for p in points if p.clip == clip), key=lambda p: p.mu or 0)
        rate, quality = [p.kbps for p in own], [max(p.si_snr, FLOOR) for p in own]
        panel.plot(rate, quality, "-", color=FAINT, linewidth=1, marker=".", markersize=4)
        chosen = kept(own, least)
        if chosen is not None:
            label = None if labelled else "largest mu above the line"
            panel.plot(chosen.kbps, chosen.si_snr, "*", color=WARM, markersize=12, label=label)
            labelled = True
        if clip == shown:
            drawn = [p for p in own if p.mu in marked]
            x, y = [p.kbps for p in drawn], [max(p.si_snr, FLOOR) for p in drawn]
            panel.plot(x, y, "o", color=ACCENT, markersize=7, label="shown in C")
    panel.axhline(least, color=INK, linewidth=0.8, linestyle="--")
    panel.text(1, least, f"{least:g} dB ", ha="right", va="bottom", transform=_across(panel))
    panel.legend(frameon=False, loc="lower right", fontsize=8)
    panel.set(xlabel="kbit/s, the paper's formula", ylabel="SI-SNR, dB (-10 or less at the floor)")
    letter(panel, "A", "one line a clip, one dot a mu")


def _clouds(panel: Axes, clouds: Mapping[str, Sequence[Point]]) -> None:
    looks = (("o", ACCENT), ("s", WARM), ("^", BLUE))
    for (name, points), (marker, colour) in zip(clouds.items(), looks, strict=False):
        x, y = np.array([(p.kbps, max(p.si_snr, FLOOR)) for p in points]).T
        face = colour if marker == "o" else "none"
        panel.plot(x, y, marker, color=colour, markerfacecolor=face, markersize=5, label=name)
        panel.plot(
            x.mean(), y.mean(), "v", color=colour, markersize=13, markeredgecolor=INK, zorder=3
        )
    panel.legend(frameon=False, fontsize=8)
    panel.set(xlabel="kbit/s, the paper's formula", ylabel="SI-SNR, dB")
    letter(panel, "B", "one dot a clip; triangles: means")


def _events(panel: Axes, bits: Bits, frames_per_second: float) -> None:
    units, frames = bits.shape
    extent = (0, frames / frames_per_second, 0, units)
    ink = matplotlib.colors.ListedColormap(["white", INK])
    panel.imshow(bits, aspect="auto", origin="lower", extent=extent, cmap=ink, interpolation="none")
    panel.set_xlabel("seconds")


def _across(panel: Axes) -> matplotlib.transforms.Transform:
    """x as a share of the panel, y as data."""
    return matplotlib.transforms.blended_transform_factory(panel.transAxes, panel.transData)
