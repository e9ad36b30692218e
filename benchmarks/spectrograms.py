"""How a clip looks at several rates of the lapped codec, or decoded in several ways."""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from benchmarks.diffusion import copies, decoders
from benchmarks.lapped import Bench
from runtime.audio.samples import Samples
from runtime.files import replacing
from runtime.spk.container import packed
from spiking_music.figures.style import STYLE, canvas
from train.data.clips import SAMPLE_RATE, Clip

RATES = (0.7, 1.5, 3.445)  # kbit/s of the events
HIGHEST_HZ = 8000
COLOURS = 64


def by_rate(clip: Clip, bench: Bench) -> dict[str, Samples]:
    """The sound of a clip, and as it is heard at each of `RATES`, by what it is and takes."""
    found = {"original": clip.samples}
    for kbps in RATES:
        step = bench.coded(clip, kbps).step
        piece = bench.codec.encode(clip.samples, SAMPLE_RATE, step=step, effort=bench.effort)
        file = len(packed(piece)) * 8e-3 / piece.seconds
        found[f"{kbps:g} kbit/s of events, {file:.2f} of the file"] = bench.codec.decode(piece)
    return found


def by_way(clip: Clip, bench: Bench, ways: Sequence[str]) -> dict[str, Samples]:
    """The sound of a clip, and as each of the ways decodes 1.5 kbit/s of it, by their names."""
    made = copies(bench, decoders(bench), clip, [1.5], ways)
    return {"original": clip.samples, **{way: sound for _, way, sound, _ in made}}


def draw(sounds: dict[str, Samples], picture: Path) -> None:
    """Draw a spectrogram of each sound, one below the other, as a PNG."""
    with matplotlib.rc_context(STYLE):
        figure = canvas(620, 150 * len(sounds))
        panels = figure.subplots(len(sounds), 1, sharex=True, squeeze=False)[:, 0]
        for panel, (name, sound) in zip(panels, sounds.items(), strict=True):
            spectrogram(panel, sound, name, 1024, HIGHEST_HZ)
        panels[-1].set_xlabel("seconds")
        save(figure, picture, dpi=80)


def save(figure: Figure, picture: Path, dpi: int) -> None:
    """Write a figure as a PNG of few colours, which spectrograms need no more of."""
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=dpi)
    with Image.open(drawn) as image, replacing(picture, overwrite=True) as temporary:
        image.convert("RGB").quantize(COLOURS).save(temporary, format="png", optimize=True)


def spectrogram(panel: Axes, sound: Samples, title: str, window: int, highest: float) -> None:
    """Draw the spectrogram of a sound, 90 dB deep, up to `highest` Hz."""
    panel.specgram(
        sound + 1e-9,
        NFFT=window,
        noverlap=window * 7 // 8,
        Fs=SAMPLE_RATE,
        vmin=-140,
        vmax=-50,
        cmap="magma",
    )
    panel.set_ylim(0, highest)
    panel.set_ylabel("Hz")
    panel.set_title(title)
