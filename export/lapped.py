"""Export a trained lapped model as a bundle: units, three small graphs, the coder's tables."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import torch

from export.bundle import Terms
from export.folder import bundle_folder
from export.lapped_forms import form_hashes
from export.onnx_graphs import exported
from runtime.bundle import DIFFUSION, ENVELOPE, TABLES, Bundle, open_bundle, write_manifest
from runtime.errors import ExportError
from runtime.lapped import short
from runtime.lapped.model import CHUNK_FRAMES, CONTEXT, NOMINAL_LEVELS, UNITS
from runtime.lapped.noise import FEATURES
from train.checkpoint import Checkpoint
from train.lapped.config import Lapped
from train.lapped.diffusion import Diffusing
from train.lapped.loop import PARTS
from train.lapped.model import Model
from train.lapped.run import LappedRun

FRAMES, BINS = 24, 64  # size of the example inputs for the exporter's tracing


def export_lapped(run: Path, folder: Path, terms: Terms, overwrite: bool = False) -> Bundle:
    """Export a finished lapped run to a bundle folder, and open that.

    Raises ExportError when the run has not finished, CheckpointError when it is damaged,
    OutputError when the folder exists and `overwrite` is off, or when it is not a bundle.
    """
    saved = LappedRun.load(run)
    if not (run / TABLES).is_file():
        raise ExportError(f"{run}: has not finished; finish it first: train --resume")
    model = Model(saved.config)
    model.load_state_dict(saved.part("model"))
    with bundle_folder(folder, overwrite) as made:
        write_model(model, made)
        shutil.copy(run / TABLES, made / TABLES)
        forms = form_hashes(model.chip())
        write_manifest(made, {**_manifest(saved, terms), "forms": forms})
    return open_bundle(folder)


def write_model(model: Model, folder: Path) -> None:
    """Write `units.npz` and the graphs of all nets into a folder."""
    model = model.eval().requires_grad_(False)
    np.savez_compressed(
        folder / UNITS,
        theta=model.chip().theta.astype(np.int8),
        scale=model.scale.numpy(),
        points=model.refiner.points[:, model.refiner.region].numpy(),
    )
    frames, blocks = torch.export.Dim("frames", min=2), torch.export.Dim("blocks", min=2)
    plane = {1: frames, 2: 32 * blocks}
    example = torch.zeros(1, FRAMES, BINS)
    exported(model.refiner, {"levels": (example, plane)}, ["values"], folder / "refiner.onnx")
    exported(model.mover, {"sizes": (example, plane)}, ["moved"], folder / "mover.onnx")
    heard = torch.zeros(1, FRAMES, FEATURES)
    exported(model.noise, {"features": (heard, {1: frames})}, ["levels"], folder / "noise.onnx")
    write_diffusion(model, folder)


def write_diffusion(model: Diffusing, folder: Path) -> None:
    """Write `envelope.onnx` and `diffusion.onnx` into a folder."""
    frames = torch.export.Dim("frames", min=2)
    heard = torch.zeros(1, short.FEATURES, FRAMES, short.PATCHES)
    outputs = ["levels", "context"]
    exported(model.envelope, {"features": (heard, {2: frames})}, outputs, folder / ENVELOPE)
    context = torch.zeros(1, model.envelope.out.in_channels, FRAMES, short.PATCHES)
    inputs = {
        "sample": (torch.zeros(1, FRAMES, short.BINS), {1: frames}),
        "sigma": (torch.ones(1), {}),
        "stride": (torch.ones(1), {}),
        "context": (context, {2: frames}),
    }
    exported(model.velocity, inputs, ["velocity"], folder / DIFFUSION)


def _manifest(saved: Checkpoint[Lapped], terms: Terms) -> dict[str, Any]:
    config = saved.config
    stages = {name: getattr(config, f"{name}_stage").steps for name in PARTS}
    seconds = config.frames * config.hop / config.sample_rate
    return {
        "name": config.name,
        "kind": config.kind,
        "units": 2 * config.bins * NOMINAL_LEVELS,
        "latent": 2 * config.hop,
        "hop": config.hop,
        "sample_rate": config.sample_rate,
        "chunk_frames": CHUNK_FRAMES,
        "context_frames": CONTEXT,
        "payload_bits": 8,
        "decoder": {
            "default": "listening",
            "steps": 1,
            "residual_gain": 0.0,
            "spectrum": [],
            "context_frames": CONTEXT,
        },
        "licence": terms.licence,
        "attribution": terms.attribution,
        "training": {
            "command": f"spiking-music train {config.name} RUN --data {saved.data}",
            "data": saved.data,
            "config": dataclasses.asdict(config),
            "steps": stages,
            "audio_seconds": {name: round(steps * seconds) for name, steps in stages.items()},
        },
        "quality": {},
        "operations": {},
    }
