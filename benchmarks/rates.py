"""Rate and quality of clips at every mu, and Figure 4 of them."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from runtime.codec import Codec
from runtime.costs import event_rates
from runtime.metrics import si_snr
from runtime.mu import DEFAULT_MU
from spiking_music.cli import terminal
from spiking_music.evaluation.evaluate import bounded_decibels
from spiking_music.figures.rates import Point, rates
from train.data.clips import Clip

MUS = (0, 4, 8, 12, 16, 20, 24, 28)
SHOWN = (4, 12, 16, 24)  # as event matrices
CURVES = 8  # clips, as in the paper


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
    matrices = {mu: controlled.encode(shown.samples, mu=mu).bits for mu in SHOWN}
    rate = controlled.manifest.sample_rate / controlled.manifest.hop
    return rates(curves, clouds, matrices, shown.name, least, rate)


def measured(codec: Codec, clip: Clip, mu: int | None) -> Point:
    """Return what a clip costs by the paper's formula, and how good the default decoder is."""
    events = codec.encode(clip.samples, mu=mu)
    sound = codec.decode(events, len(clip.samples), mu=mu)
    seconds = len(clip.samples) / codec.manifest.sample_rate
    quality = bounded_decibels(si_snr(clip.samples, sound))
    return Point(clip.name, mu, event_rates(events, seconds)["paper_kbps"], quality or 0.0)


def _all(codec: Codec, clips: Sequence[Clip], mu: int | None) -> list[Point]:
    points = []
    with terminal.progress(f"figure 4: B, {codec.manifest.kind}") as tell:
        for clip in clips:
            points.append(measured(codec, clip, mu))
            tell(len(points) / len(clips))
    return points
