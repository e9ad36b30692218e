"""What rounding the bottleneck to a chip's integers costs: trained on the grid, or rounded later.

The first rows are a run's own forward pass, settled, and torch's of what is exported of it, both
against the integer layer. The others take the weights and latents of the same
run before they were rounded, in float64, and round them afterwards, with scales searched on one
half of the frames; flips are counted on the other.
"""

from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from benchmarks.executors import Row
from neuromorphic.chips.arithmetic import Arithmetic
from neuromorphic.graphs import STEP
from neuromorphic.graphs.graph import Graph, parse_graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.integers.entry import to_payload
from neuromorphic.integers.layer import WEIGHT_MAX
from neuromorphic.integers.network import run_network
from neuromorphic.quantise import quantise
from runtime.audio.recordings import read_audio
from runtime.errors import SpikingMusicError
from runtime.mu import DEFAULT_MU
from spiking_music.cli.terminal import progress
from spiking_music.report.demo import default_clip
from train import checkpoint
from train.config import HOP, SAMPLE_RATE
from train.networks.bottleneck import PAYLOAD_SCALE, SUM_MAX, Bottleneck, freeze, network_events
from train.networks.model import Model

WIDTHS = (8, 6, 4)  # bits of a weight
SECONDS = 6  # of one window

Array = npt.NDArray[np.float64]


def measure(run: Path, recordings: list[Path]) -> dict[str, Any]:
    """Return a row for training on the grid and one for each width of rounding afterwards.

    `recordings` are by default the clips that come with the package, the first half of them to
    search on. Raises `CheckpointError` for a run that cannot be read.
    """
    saved = checkpoint.load(run)
    model = Model(saved.config)
    model.load_state_dict(saved.part("model"))
    bottleneck = model.eval().bottleneck
    if not isinstance(bottleneck, Bottleneck) or not bottleneck.on_grid:
        raise SpikingMusicError(f"{run}: was not trained on the grid")
    latent = _latents(model, recordings or sorted(default_clip().parent.glob("*.flac")))
    rows = _trained(bottleneck, latent)
    graph, x = _floats(bottleneck, latent)
    half = len(x) // 2
    wanted = run_graph(graph, x[half:], STEP).T > 0.5
    for bits in WIDTHS:
        widths = Arithmetic(weight_bits=bits)
        found = quantise(graph, x[:half], STEP, widths)
        payload = to_payload(x[half:].T, found.entry.exponent, widths)
        spikes = run_network(found.network, payload, widths)
        rows.append(_row(f"rounded afterwards, {bits} bits", spikes != wanted))
    return {"run": str(run), "step": saved.step, "rows": rows}


def _row(name: str, wrong: npt.NDArray[np.bool_]) -> Row:
    flips = int(np.count_nonzero(wrong))
    return {
        "quantisation": name,
        "compared": wrong.size,
        "flips": flips,
        "percent": round(100 * flips / wrong.size, 4),
    }


@torch.no_grad()
def _latents(model: Model, recordings: list[Path]) -> Tensor:
    """Return the latents `(1, M, T)` of all recordings, window by window."""
    mu = torch.tensor([DEFAULT_MU])
    size = SECONDS * SAMPLE_RATE // HOP * HOP
    found = []
    with progress("latents") as tell:
        for done, path in enumerate(recordings):
            samples = torch.from_numpy(read_audio(path, SAMPLE_RATE).samples)
            windows = samples[: len(samples) // size * size].reshape(-1, 1, 1, size)
            found += [model.latent(window, mu) for window in windows]
            tell((done + 1) / len(recordings))
    return torch.cat(found, dim=2)


@torch.no_grad()
def _trained(bottleneck: Bottleneck, latent: Tensor) -> list[Row]:
    payload, layer = bottleneck.payload(latent), freeze(bottleneck)
    spikes = layer.spikes(payload[0].numpy().astype(np.int8))
    found = {
        "trained on the grid, as it trains": bottleneck(latent),
        "trained on the grid, exported": network_events(payload, layer.exact),
    }
    return [_row(name, (events[0].numpy() > 0) != spikes) for name, events in found.items()]


@torch.no_grad()
def _floats(bottleneck: Bottleneck, latent: Tensor) -> tuple[Graph, Array]:
    """Return the bottleneck without any rounding as a graph, and its input `(T, M)`."""
    norm = bottleneck.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    weight = bottleneck.linear.weight.double()
    size = weight.abs()
    scale = torch.minimum(WEIGHT_MAX / size.amax(1), SUM_MAX / size.sum(1))
    gain = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
    bias = norm.bias.double() - gain * norm.running_mean.double()
    affine = nir.Affine((gain * scale)[:, None].mul(weight).numpy(), bias.numpy())
    x = PAYLOAD_SCALE * bottleneck.latent_norm(latent)[0].double()
    units, inputs = affine.weight.shape
    nodes = {
        "in": nir.Input({"input": np.array([inputs])}),
        "affine": affine,
        "units": nir.Threshold(np.zeros(units)),
        "out": nir.Output({"output": np.array([units])}),
    }
    edges = [("in", "affine"), ("affine", "units"), ("units", "out")]
    return parse_graph(nir.NIRGraph(nodes, edges)), x.T.numpy()
