"""One step of the paper's U-Net, with weights at random, through ONNX Runtime."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from export.onnx_graphs import HearingUNet, export_unet
from runtime.sessions import open_graph
from train.config import HOP, load_preset
from train.networks.unet import UNet

PARTS = {"sample", "sigma", "events", "base"}
MACS_PER_SECOND = 7.43e9 / 2  # counted as torch runs it, see docs/decoding.md


def paper_step(frames: int) -> tuple[Callable[[], object], float]:
    """The step on a window of `frames`, and its multiply-accumulates. Takes minutes to export."""
    config = load_preset("paper")
    unet = HearingUNet(None, UNet(config.unet, config.code.units).eval())
    with tempfile.TemporaryDirectory(prefix="spiking-music-") as folder:
        path = Path(folder, "decoder.onnx")
        export_unet(unet, config.code.units, path, with_mu=False)
        graph = open_graph(path, PARTS, {"velocity"})
    random = np.random.default_rng(0)
    feed = {
        "base": np.zeros((1, 1, frames * HOP), np.float32),
        "sample": random.normal(size=(1, 1, frames * HOP)).astype(np.float32),
        "sigma": np.ones(1, np.float32),
        "events": (random.random((1, config.code.units, frames)) < 0.4).astype(np.float32),
    }
    return lambda: graph(feed), MACS_PER_SECOND * frames * HOP / 22_050
