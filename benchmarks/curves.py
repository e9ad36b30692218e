"""Learning curves of several runs against the time of one core: `python -m benchmarks curves`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from runtime.errors import SpikingMusicError
from spiking_music.figures.style import STYLE, canvas, curve, save
from train.log import LOG, read_log

STAGE = "codes"
SHOWN = {"valid_si_snr_db": "SI-SNR, dB", "valid_mel": "mel distance, nepers"}
LEAST = -5.0  # dB; below it a decoder has learned nothing yet


@dataclass(frozen=True)
class Curve:
    """A run's validations: core `minutes (n,)`, `steps (n,)`, and by name of `SHOWN` `(n,)`."""

    name: str
    minutes: npt.NDArray[np.float64]
    steps: npt.NDArray[np.int64]
    figures: Mapping[str, npt.NDArray[np.float64]]


def read_curve(name: str, run: Path) -> Curve:
    """The learning curve of the codes of a run.

    Raises SpikingMusicError if the folder has no log, or one without validations or times.
    """
    if not (run / LOG).is_file():
        raise SpikingMusicError(f"{run}: holds no {LOG}; give the folder of a run")
    found = read_log(run)[STAGE]
    spent = found["core_seconds"]
    judged = [step for step in found["valid_si_snr_db"] if step in found["valid_mel"]]
    if not judged:
        raise SpikingMusicError(f"{run}: its {LOG} has no validation; train it for longer")
    if not all(step in spent for step in range(judged[-1] + 1)):
        raise SpikingMusicError(
            f"{run}: its {LOG} lacks core_seconds of some steps, as those of older versions do; "
            "train it anew"
        )
    minutes = np.cumsum([spent[step] for step in range(judged[-1] + 1)]) / 60
    figures = {kind: np.array([found[kind][step] for step in judged]) for kind in SHOWN}
    return Curve(name, minutes[judged], np.array(judged) + 1, figures)


def as_table(curves: list[Curve]) -> str:
    """A row of text for each validation."""
    rows = ["run  core minutes  step  SI-SNR dB  mel"]
    for one in curves:
        columns = zip(one.minutes, one.steps, *(one.figures[kind] for kind in SHOWN), strict=True)
        rows += [f"{one.name}  {m:.1f}  {s}  {db:.2f}  {mel:.3f}" for m, s, db, mel in columns]
    return "\n".join(rows)


def draw(curves: list[Curve], place: Path, command: str, overwrite: bool) -> None:
    """Draw `place` as .svg and .png, and write the figures and the command to its .txt.

    Raises OutputError for what exists, if `overwrite` is off.
    """
    with matplotlib.rc_context(STYLE):
        figure = _drawn(curves)
    save(figure, place, f"{as_table(curves)}\n{command}", overwrite)


def _drawn(curves: list[Curve]) -> Figure:
    figure = canvas(720, 260)
    for panel, (kind, label) in zip(figure.subplots(1, 2), SHOWN.items(), strict=True):
        for line, one in enumerate(curves):
            curve(panel, one.minutes, one.figures[kind], line, one.name)
        panel.set_xscale("log")
        panel.xaxis.set_major_formatter("{x:g}")
        panel.set_xlabel("minutes of one core")
        panel.set_title(label)
    figure.axes[0].set_ylim(bottom=LEAST)
    figure.axes[0].legend(frameon=False)
    return figure
