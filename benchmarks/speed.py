"""How fast coding is: `python -m benchmarks speed`.

All tasks are done in turn, round after round, so that a busy machine slows all of them; a task's
time is the middle one of its rounds. Torch runs networks of the same sizes, whose weights do not
matter here. Roofline: floating-point operations a second, over those of a large matrix product.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.results import write_json
from benchmarks.speed_peers import peers
from benchmarks.speed_quantised import quantised
from benchmarks.speed_unet import paper_step
from export.onnx_graphs import deployed_unet, deployed_waveform
from runtime.audio.recordings import read_audio
from runtime.bundle import Bundle, open_bundle
from runtime.codec import Codec
from runtime.kinds import Progress
from runtime.sessions import cores
from spiking_music.cli.terminal import show_rows
from spiking_music.report.demo import default_clip
from train.config import HOP, SAMPLE_RATE, from_dict
from train.networks.model import Model
from train.reference import load_reference

FRAMES = 256  # a window, 5.944 s
WINDOW = FRAMES * HOP / SAMPLE_RATE
SIDE = 2048  # of the matrices
PAPER_STEPS = 10

Row = dict[str, Any]


@dataclass(frozen=True)
class Task:
    """What is timed: `run` codes `seconds` of sound, by so many multiply-accumulates if known."""

    name: str
    seconds: float
    run: Callable[[], object]
    macs: float = 0.0


def measure(
    path: Path | None, seconds: float, rounds: int, paper: bool, progress: Progress
) -> dict[str, Any]:
    """One row a task: middle time in ms, times real time, GFLOP/s and their share of the peak."""
    torch.set_num_threads(cores())
    bundle = open_bundle(path)
    tasks = [*_codec(bundle, seconds), *_graphs(bundle), *(_paper() if paper else [])]
    tasks += [Task(*peer) for peer in peers(WINDOW)]
    product = Task("matrix product", 0.0, _product(), SIDE**3)
    times = _timed([product, *tasks], rounds, progress)
    peak = 2e-9 * product.macs / times[product.name]
    rows = [_row(task, times[task.name], peak) for task in tasks]
    int8 = quantised(bundle, read_audio(default_clip(), SAMPLE_RATE).samples[: FRAMES * HOP])
    return {
        "threads": cores(),
        "rounds": rounds,
        "peak_gflops": round(peak),
        "ratios": _ratios(times),
        "rows": rows,
        "int8": int8,
    }


def write(figures: dict[str, Any], path: Path | None) -> None:
    """Print the tables, and write them as JSON where a `path` is given."""
    show_rows(figures["rows"])
    for name, ratio in figures["ratios"].items():
        print(f"{name}: ONNX Runtime is {ratio:.2f} times as fast as torch")
    show_rows(figures["int8"])
    print(f"{figures['threads']} threads, peak {figures['peak_gflops']} GFLOP/s")
    write_json(figures, path)


def _codec(bundle: Bundle, seconds: float) -> list[Task]:
    """The whole way: windows, blending and copies included, on music that repeats."""
    codec, reference = Codec(bundle), load_reference(bundle)
    manifest, clip = bundle.manifest, read_audio(default_clip(), SAMPLE_RATE).samples
    samples = np.resize(clip, round(seconds * SAMPLE_RATE))
    piece = codec.encode(samples, SAMPLE_RATE)
    operations, frames, steps = manifest.operations, piece.events.frames, manifest.decoder.steps

    def decode(decoder: str, count: int = 1) -> Callable[[], object]:
        return lambda: codec.decode(piece, decoder, count)

    of = {name.partition("_macs")[0]: macs * frames for name, macs in operations.items()}
    tasks = [
        Task("encode", seconds, lambda: codec.encode(samples, SAMPLE_RATE), of["encoder"]),
        Task("encode, torch", seconds, lambda: reference(samples), of["encoder"]),
        Task("decode, fast", seconds, decode("fast"), of["decoder_fast"]),
    ]
    return tasks + [
        Task(
            f"decode, diffusion, {count} steps",
            seconds,
            decode("diffusion", count),
            of["decoder_fast"] + count * of["decoder"],
        )
        for count in sorted({1, steps})
        if manifest.has_diffusion
    ]


@torch.no_grad()
def _graphs(bundle: Bundle) -> list[Task]:
    """One window through each decoder's graph, and through torch."""
    manifest, random = bundle.manifest, np.random.default_rng(0)
    model = Model(from_dict(manifest.training["config"])).eval()
    mu = {"mu": np.array([16])} if manifest.has_mu else {}
    events = (random.random((1, manifest.units, FRAMES)) < 0.4).astype(np.float32)
    sample, base = random.normal(size=(2, 1, 1, FRAMES * HOP)).astype(np.float32)
    fed = {"sample": sample, "sigma": np.ones(1, np.float32), "events": events, "base": base, **mu}
    networks: list[tuple[str, str, nn.Module, dict[str, Any], str, str]] = [
        (
            "waveform window",
            "decoder_fast.onnx",
            deployed_waveform(model),
            {"events": events, **mu},
            "audio",
            "decoder_fast_macs_per_frame",
        ),
        (
            "U-Net step",
            "decoder.onnx",
            deployed_unet(model),
            fed,
            "velocity",
            "decoder_macs_per_frame_per_step",
        ),
    ]
    tasks = []
    for name, file, network, feed, output, count in networks:
        if file not in manifest.files:
            continue
        graph = bundle.graph(file, set(feed), {output})
        tensors = [torch.from_numpy(value) for value in feed.values()]
        macs = manifest.operations[count] * FRAMES
        tasks.append(Task(name, WINDOW, partial(graph, feed), macs))
        eager = _eager(network, tensors)
        tasks.append(Task(f"{name}, torch", WINDOW, eager, macs))
    return tasks


def _eager(network: nn.Module, tensors: Sequence[Tensor]) -> Callable[[], object]:
    def run() -> object:
        with torch.inference_mode():
            return network(*tensors)

    return run


def _paper() -> list[Task]:
    step, macs = paper_step(FRAMES)

    def steps() -> None:
        for _ in range(PAPER_STEPS):
            step()

    return [Task(f"the paper's U-Net, {PAPER_STEPS} steps", WINDOW, steps, PAPER_STEPS * macs)]


def _product() -> Callable[[], object]:
    matrix = torch.randn(SIDE, SIDE)
    return lambda: matrix @ matrix


def _timed(tasks: Sequence[Task], rounds: int, progress: Progress) -> dict[str, float]:
    """The middle time of each task, in seconds, after one that does not count."""
    times: dict[str, list[float]] = {task.name: [] for task in tasks}
    for number in range(rounds + 1):
        for task in tasks:
            began = time.perf_counter()
            task.run()
            if number:
                times[task.name].append(time.perf_counter() - began)
        progress((number + 1) / (rounds + 1))
    return {name: median(found) for name, found in times.items()}


def _row(task: Task, taken: float, peak: float) -> Row:
    flops = 2e-9 * task.macs / taken
    return {
        "what": task.name,
        "ms": round(1000 * taken, 1),
        "times_real_time": round(task.seconds / taken, 1),
        "gflops": round(flops, 1) if flops else None,
        "of_peak": round(flops / peak, 3) if flops else None,
    }


def _ratios(times: dict[str, float]) -> dict[str, float]:
    torches = [name for name in times if name.endswith(", torch")]
    names = [name.removesuffix(", torch") for name in torches]
    return {name: round(times[f"{name}, torch"] / times[name], 2) for name in names}
