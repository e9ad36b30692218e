"""The paper's Figures 1, 3, 4 and 5 from results of one's own: `python -m benchmarks figures`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.rates import figure_4
from benchmarks.storage import storage
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from spiking_music.figures.ratings import ratings
from spiking_music.figures.style import refuse_existing, save
from spiking_music.figures.units import Units, selectivity
from spiking_music.listening.results import read_results
from spiking_music.listening.score import caption, score
from train.data.clips import Clip

NAMES = ("figure-1", "figure-3", "figure-4", "figure-5")


@dataclass(frozen=True)
class Material:
    """What figures are drawn from.

    `ratings`, what listeners handed in, and their `screening` (3); `codecs` by kind, `clips`, and
    the quality in dB that control keeps, `least` (4); two files of an analysis, `units` (5).
    """

    ratings: Sequence[Path]
    screening: str
    codecs: Mapping[str, Codec]
    clips: Sequence[Clip]
    least: float
    units: Sequence[Path]


def draw(material: Material, out: Path, command: str, overwrite: bool) -> list[str]:
    """Draw the figures that the material allows into `out`; return what is not drawn, and why.

    Raises `SpikingMusicError` for material that cannot be used, `OutputError` for what exists.
    """
    for name in NAMES:
        refuse_existing(out / name, overwrite)
    drawn = {name: (figure, told) for name, figure, told in _drawn(material)}
    out.mkdir(parents=True, exist_ok=True)
    for name, (figure, told) in drawn.items():
        save(figure, out / name, f"{told}\n{command}", overwrite)
    return [f"{name} is not drawn: {_NEEDS[name]}" for name in NAMES if name not in drawn]


_NEEDS = {
    "figure-3": "it needs listeners; give what they handed in, --ratings",
    "figure-4": "give a MU_SPARSE --bundle, and --data",
    "figure-5": "give two files that `spiking-music analyse` left, --units",
}


def _drawn(material: Material) -> Iterator[tuple[str, Figure, str]]:
    yield "figure-1", storage(), "What a binary matrix costs in each format, by its events."
    if material.ratings:
        found = score(read_results(material.ratings), material.screening)
        yield "figure-3", ratings(found.means, found.duels), caption(found)
    if "MU_SPARSE" in material.codecs and material.clips:
        told = f"Rate and quality of {len(material.clips)} clips."
        yield "figure-4", figure_4(material.codecs, material.clips, material.least), told
    if material.units:
        if len(material.units) != 2:
            raise SpikingMusicError(f"--units: two files make Figure 5, not {len(material.units)}")
        one, other = map(Units.read, material.units)
        told = f"What units of {one.name} and {other.name} answer to."
        yield "figure-5", selectivity(one, other), told
