"""Put a trained diffusion decoder into a copy of the bundle for which it was trained."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

from export.bundle import CERTIFIED, Terms
from export.certificate import certify
from export.evidence import make_probe, write_evidence
from export.folder import bundle_folder
from export.lapped import write_diffusion
from runtime.bundle import Bundle, open_bundle, write_manifest
from runtime.errors import ExportError
from runtime.lapped.noise import HOP
from train.checkpoint import Checkpoint
from train.config import SAMPLE_RATE
from train.diffusion.config import Diffusion
from train.diffusion.loop import PARTS
from train.diffusion.model import Model
from train.diffusion.run import DiffusionRun
from train.parts import stage_of


def export_diffusion(run: Path, folder: Path, terms: Terms, overwrite: bool = False) -> Bundle:
    """Export a finished run to a new bundle folder, and open that.

    Licence and attribution are those of the bundle, unless `terms` state others. Raises
    ExportError when the run has not finished, CheckpointError when it is damaged, BundleError when
    the bundle is, OutputError when the folder exists and `overwrite` is off, or when it is not a
    bundle.
    """
    saved = DiffusionRun.load(run)
    last = list(PARTS)[-1]
    if saved.stage != last or saved.step < stage_of(saved.config, last).steps:
        raise ExportError(f"{run}: has not finished; finish it first: train --resume")
    model = Model(saved.config)
    model.load_state_dict(saved.part("model"))
    bundle = open_bundle(Path(saved.config.bundle))
    with bundle_folder(folder, overwrite) as made:
        for name in bundle.manifest.files:
            shutil.copy(bundle.path / name, made / name)
        write_diffusion(model.eval().requires_grad_(False), made)
        write_manifest(made, _manifest(bundle, saved, terms))
        opened = open_bundle(made)
        probe = make_probe(opened)
        write_evidence(opened, probe, certify(opened, probe, CERTIFIED))
    return open_bundle(folder)


def _manifest(bundle: Bundle, saved: Checkpoint[Diffusion], terms: Terms) -> dict[str, Any]:
    fields = dataclasses.asdict(bundle.manifest)
    for name in ("files", "quality"):
        del fields[name]
    said = {name: text for name, text in vars(terms).items() if text != getattr(Terms, name)}
    training = {**fields["training"], "diffusion": _training(saved)}
    return {**fields, **said, "training": training, "quality": {}}


def _training(saved: Checkpoint[Diffusion]) -> dict[str, Any]:
    config: Diffusion = saved.config
    steps = {name: stage_of(config, name).steps for name in PARTS}
    seconds = config.frames * HOP / SAMPLE_RATE
    return {
        "command": f"spiking-music train {config.name} RUN --data {saved.data} "
        f"--set bundle={config.bundle}",
        "data": saved.data,
        "config": dataclasses.asdict(config),
        "steps": steps,
        "audio_seconds": {name: round(count * seconds) for name, count in steps.items()},
    }
