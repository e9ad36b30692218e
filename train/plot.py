"""Draw the learning curves of a run from its log."""

from pathlib import Path

from runtime.files import replacing
from train.log import read_log

PICTURE = "log.png"
CURVES = ("loss", "valid_si_snr_db", "mel", "valid_mel", "density", "valid_velocity")


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
