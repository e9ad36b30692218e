"""Draw the learning curves of a run from its log."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from runtime.files import replacing
from runtime.untrusted import UntrustedError, parse_json

LOG = "log.jsonl"
PICTURE = "log.png"
CURVES = ("loss", "valid_si_snr_db", "mel", "valid_mel", "density", "valid_velocity")


def read_log(folder: Path) -> dict[str, dict[str, dict[int, float]]]:
    """A run's figures as `figures[stage][name][step]`; for a repeated step the last ones.

    A line that is cut off, as on a full disk, is ignored.
    """
    figures: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    with (folder / LOG).open(encoding="utf-8") as file:
        for row in map(_row, file):
            for name in row.keys() - {"stage", "step"}:
                figures[row["stage"]][name][row["step"]] = row[name]
    return figures


def _row(line: str) -> dict[str, Any]:
    """The figures in a line of the log; empty if the line is cut off."""
    try:
        row = parse_json(line)
    except UntrustedError:
        return {}
    return row if isinstance(row, dict) and {"stage", "step"} <= row.keys() else {}


def plot(folder: Path) -> Path:
    """Draw `log.png` beside a run's log, a row per stage, a panel per figure; returns its path."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    stages = read_log(folder)
    names = [name for name in CURVES if any(name in figures for figures in stages.values())]
    size = (3.2 * len(names), 2.6 * len(stages))
    figure, axes = pyplot.subplots(
        len(stages), len(names), figsize=size, squeeze=False, layout="constrained"
    )
    for row, (stage, figures) in zip(axes, stages.items(), strict=True):
        for panel, name in zip(row, names, strict=True):
            panel.set_title(f"{stage}: {name}", fontsize=9)
            panel.plot(figures[name].keys(), figures[name].values(), linewidth=0.8)
    with replacing(folder / PICTURE, overwrite=True) as temporary:
        figure.savefig(temporary, dpi=100, format="png")
    pyplot.close(figure)
    return folder / PICTURE
