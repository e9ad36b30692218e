"""From a trained lapped model to the files of its bundle: units, and three small graphs."""

from pathlib import Path

import numpy as np
import torch

from export.onnx_graphs import exported
from runtime.lapped.model import UNITS
from runtime.lapped.noise import FEATURES
from train.lapped.model import Model

FRAMES, BINS = 24, 64  # of the examples that the exporter follows


def write_model(model: Model, folder: Path) -> None:
    """Write `units.npz`, `refiner.onnx`, `noise.onnx` and `mover.onnx` into a folder."""
    model = model.eval().requires_grad_(False)
    units = model.chip()
    points = model.refiner.points[:, model.refiner.region]
    np.savez(
        folder / UNITS,
        theta=units.theta.astype(np.int8),
        scale=model.scale.numpy(),
        points=points.numpy().astype(np.float32),
    )
    frames, blocks = torch.export.Dim("frames", min=2), torch.export.Dim("blocks", min=2)
    plane = {1: frames, 2: 32 * blocks}
    levels, sizes = torch.zeros(1, FRAMES, BINS), torch.zeros(1, FRAMES, BINS)
    exported(model.refiner, {"levels": (levels, plane)}, ["values"], folder / "refiner.onnx")
    exported(model.mover, {"sizes": (sizes, plane)}, ["moved"], folder / "mover.onnx")
    heard = torch.zeros(1, FRAMES, FEATURES)
    exported(model.noise, {"features": (heard, {1: frames})}, ["levels"], folder / "noise.onnx")
