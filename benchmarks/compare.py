"""Every kind of code on the same clips: runs of training, peers and anchors in one table.

The runs are to have the same preset, data and number of steps; then they differ in their code
alone. Written are the tables of `evaluation`, the learning curves, and rate against SI-SNR.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from runtime.audio.samples import Samples
from runtime.events import EventMatrix
from runtime.files import replacing
from runtime.kinds import Progress
from runtime.outputs import refuse_outputs
from spiking_music.evaluation import tables
from spiking_music.evaluation.evaluate import Evaluation, evaluate
from spiking_music.evaluation.systems import MUS, Decoded, System, baseline_systems
from train import checkpoint as checkpoints
from train.config import HOP, Config
from train.data.clips import Clip
from train.log import read_log
from train.networks.model import Model
from train.objectives.sparsity import target_density
from train.stages import Stage, stages_of
from train.validation import sound_of

CURVES = "learning-curves.png"
TRADE = "rate-quality.png"
MANY = 200  # steps of training over which a learning curve is smoothed


def compare(
    runs: Sequence[Path],
    sets: Mapping[str, Sequence[Clip]],
    out: Path,
    peers: bool,
    overwrite: bool,
    progress: Progress | None = None,
) -> Evaluation:
    """Evaluate the last checkpoints of `runs` on `sets`, with the `peers` if asked, into `out`.

    A run's name is its folder's; a MU_SPARSE run is heard at each of `MUS`. Raises
    CheckpointError for a bad run, OutputError where something exists and `overwrite` is off.
    """
    refuse_outputs(out, tables.OUTPUTS, overwrite)
    systems = [system for run in runs for system in run_systems(run)]
    found = evaluate([*systems, *(baseline_systems() if peers else [])], sets, progress)
    tables.write(found, out, overwrite)
    _draw_curves(runs, out / CURVES)
    _draw_trade(found, out / TRADE)
    return found


def run_systems(run: Path) -> list[System]:
    """The trained model of a run as systems, by the last stage that it has finished."""
    checkpoint = checkpoints.load(run)
    config = checkpoint.config
    model = Model(config)
    model.load_state_dict(checkpoint.part("model"))
    stage = next(stage for stage in stages_of(config) if stage.name == checkpoint.stage)
    rates = MUS if config.code.has_mu else (0,)
    return [
        System(
            run.name + (f" mu={mu}" if len(rates) > 1 else ""),
            partial(_coded, model.eval(), config, stage, mu),
        )
        for mu in rates
    ]


def reached(found: Evaluation) -> dict[str, dict[int, float]]:
    """S / S0(mu) of MU_SPARSE by set and mu, mean over clips."""
    ratios: dict[str, dict[int, float]] = {}
    for name, systems in tables.summary(found).items():
        for system, figures in systems.items():
            _, marked, mu = system.partition(" mu=")
            density = figures["density"]
            if marked and density is not None:
                aim = target_density(torch.tensor(int(mu))).item()
                ratios.setdefault(name, {})[int(mu)] = density.mean / aim
    return ratios


@torch.no_grad()
def _coded(model: Model, config: Config, stage: Stage, mu: int, samples: Samples) -> Decoded:
    frames = -(-len(samples) // (4 * HOP)) * 4
    clip = torch.zeros(1, 1, frames * HOP)
    clip[0, 0, : len(samples)] = torch.from_numpy(samples)
    rate = torch.tensor([mu])
    sound = sound_of(model, clip, rate, stage)[: len(samples)]
    events = model.code(clip, rate).events[0, :, : -(-len(samples) // HOP)].numpy() > 0
    if len(events):
        return Decoded(sound, None, EventMatrix.from_bits(events))
    if config.code.kind == "RVQ":
        bits = config.rvq.quantisers * int(np.log2(config.rvq.codes)) * -(-len(samples) // HOP)
        return Decoded(sound, bits)
    return Decoded(sound)


def _draw_curves(runs: Sequence[Path], path: Path) -> None:
    """SNR and density of the training batches over the steps, smoothed; dots: validation."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    for number, run in enumerate(runs):
        figures = read_log(run)["codes"]
        for panel, name, scale in zip(
            axes, ("noise", "mel", "density"), (-10.0, 2.0, 1.0), strict=True
        ):
            if name in figures:
                steps, values = map(np.array, zip(*sorted(figures[name].items()), strict=True))
                width = min(MANY, len(values))
                smooth = np.convolve(values * scale, np.ones(width) / width, "valid")
                # Not every run is on every panel, and each keeps its colour.
                colour = f"C{number}"
                panel.plot(steps[width - 1 :], smooth, colour, label=run.name, linewidth=1)
    titles = ("SNR, dB", "mel distance, nepers", "density of events")
    for panel, title in zip(axes, titles, strict=True):
        panel.set(title=title, xlabel="step")
    axes[0].legend(fontsize=8)
    with replacing(path, overwrite=True) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
    pyplot.close(figure)


def _draw_trade(found: Evaluation, path: Path) -> None:
    """SI-SNR against the rate, as stored where there is a file and else as the paper counts."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    summary = tables.summary(found)
    figure, axes = pyplot.subplots(
        1, len(summary), figsize=(5 * len(summary), 4), squeeze=False, layout="constrained"
    )
    for panel, (name, systems) in zip(axes[0], summary.items(), strict=True):
        for system, figures in systems.items():
            rate = figures["stored_kbps"] or figures["paper_kbps"]
            quality = figures["si_snr_db"]
            if rate is None or quality is None or rate.mean > 20:
                continue
            panel.errorbar(rate.mean, quality.mean, quality.sd, fmt="o", markersize=4)
            panel.annotate(system, (rate.mean, quality.mean), fontsize=7)
        panel.set(title=name, xlabel="kbit/s", ylabel="SI-SNR, dB")
    with replacing(path, overwrite=True) as temporary:
        figure.savefig(temporary, dpi=110, format="png")
    pyplot.close(figure)
