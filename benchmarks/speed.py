"""How fast coding is: `python -m benchmarks speed`.

All tasks are done in turn, round after round, so that a busy machine slows all of them; a task's
time is the middle one of its rounds, and so is the time of all cores together. Torch runs networks
of the same sizes as a bundle of the paper's kinds has, whose weights do not matter here. Roofline:
floating-point operations a second, over those of a large matrix product.
Other codecs are timed where they can be imported (EnCodec and descript-audio-codec are no
dependencies), and the U-Net of the bundle with its weights in 8 bits.
"""

import io
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import nn

from benchmarks.results import write_json
from export.onnx_graphs import HearingUNet, deployed_unet, deployed_waveform, export_unet
from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import DECODER, DECODER_FAST, PAPER, Bundle, open_bundle, write_manifest
from runtime.codec import Codec
from runtime.events import Bits
from runtime.kinds import Progress
from runtime.metrics import si_snr
from runtime.sessions import cores, open_graph
from runtime.spk.container import packed, unpacked
from spiking_music.cli.terminal import show_rows
from spiking_music.evaluation.peers import flac, opus
from spiking_music.report.demo import default_clip
from train.config import HOP, SAMPLE_RATE, from_dict, load_preset
from train.networks.model import Model
from train.networks.unet import UNet
from train.reference import load_reference

FRAMES = 256  # a window, 5.944 s
WINDOW = FRAMES * HOP / SAMPLE_RATE
SIDE = 2048  # of the matrices
PAPER_STEPS = 10
PAPER_MACS_PER_SECOND = 7.43e9 / 2  # counted as torch runs it, see docs/decoding.md
INT8_ROUNDS = 5
LEVELS = (1.0, 0.75, 0.5, 0.25)  # of noise, at which the ranges of 8 bits are measured

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
    """One row a task: middle time in ms, times real time, GFLOP/s and their share of the peak.

    `times_a_core` is seconds of sound for a second of the cores' time.
    """
    torch.set_num_threads(cores())
    bundle = open_bundle(path or PAPER)
    tasks = _lapped(bundle, seconds) if bundle.manifest.lapped else _codec(bundle, seconds)
    tasks += [*(_paper() if paper else []), *_peers()]
    product = Task("matrix product", 0.0, _product(), SIDE**3)
    times = _timed([product, *tasks], rounds, progress)
    peak = 2e-9 * product.macs / times[product.name][0]
    rows = [_row(task, times[task.name], peak) for task in tasks]
    quantised = int8(bundle, read_audio(default_clip(), SAMPLE_RATE).samples[: FRAMES * HOP])
    return {
        "threads": cores(),
        "rounds": rounds,
        "peak_gflops": round(peak),
        "ratios": _ratios(times),
        "rows": rows,
        "int8": quantised,
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
    manifest, samples = bundle.manifest, _music(seconds)
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
    tasks += [
        Task(
            f"decode, diffusion, {count} steps",
            seconds,
            decode("diffusion", count),
            of["decoder_fast"] + count * of["decoder"] if manifest.has_unet else 0.0,
        )
        for count in sorted({1, steps})
        if manifest.has_diffusion
    ]
    return tasks + _graphs(bundle)


def _lapped(bundle: Bundle, seconds: float) -> list[Task]:
    """The ways of a LAPPED bundle, from samples to events, to a file, and back."""
    codec, samples = Codec(bundle), _music(seconds)
    piece = codec.encode(samples, SAMPLE_RATE)
    stored = packed(piece)
    ways: dict[str, Callable[[], object]] = {
        "encode": lambda: codec.encode(samples, SAMPLE_RATE),
        "write the file": lambda: packed(piece),
        "read the file": lambda: unpacked(io.BytesIO(stored)),
        "decode, waveform": lambda: codec.decode(piece, "waveform"),
        "decode, listening": lambda: codec.decode(piece, "listening"),
    }
    if bundle.manifest.has_diffusion:
        for count in (1, 4):
            ways[f"decode, diffusion, {count} steps"] = partial(
                codec.decode, piece, "diffusion", count
            )
    return [Task(name, seconds, run) for name, run in ways.items()]


def _music(seconds: float) -> Samples:
    clip = read_audio(default_clip(), SAMPLE_RATE).samples
    return np.resize(clip, round(seconds * SAMPLE_RATE))


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
            DECODER_FAST,
            deployed_waveform(model),
            {"events": events, **mu},
            "audio",
            "decoder_fast_macs_per_frame",
        ),
        (
            "U-Net step",
            DECODER,
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
        graph = open_graph(bundle.file(file), set(feed), {output})  # on all cores, as torch
        tensors = [torch.from_numpy(value) for value in feed.values()]
        macs = manifest.operations[count] * FRAMES
        tasks.append(Task(name, WINDOW, partial(graph, feed), macs))
        tasks.append(Task(f"{name}, torch", WINDOW, _eager(network, *tensors), macs))
    return tasks


def _eager(run: Callable[..., Any], *given: Any) -> Callable[[], Any]:
    def inference() -> Any:
        with torch.inference_mode():
            return run(*given)

    return inference


def _paper() -> list[Task]:
    """The paper's U-Net, with weights at random, through ONNX Runtime; takes minutes to export."""
    config = load_preset("paper")
    unet = HearingUNet(None, UNet(config.unet, config.code.units).eval())
    with tempfile.TemporaryDirectory(prefix="spiking-music-") as folder:
        path = Path(folder, DECODER)
        export_unet(unet, config.code.units, path, with_mu=False)
        graph = open_graph(path, {"sample", "sigma", "events", "base"}, {"velocity"})
    random = np.random.default_rng(0)
    feed = {
        "base": np.zeros((1, 1, FRAMES * HOP), np.float32),
        "sample": random.normal(size=(1, 1, FRAMES * HOP)).astype(np.float32),
        "sigma": np.ones(1, np.float32),
        "events": (random.random((1, config.code.units, FRAMES)) < 0.4).astype(np.float32),
    }

    def steps() -> None:
        for _ in range(PAPER_STEPS):
            graph(feed)

    macs = PAPER_STEPS * PAPER_MACS_PER_SECOND * WINDOW
    return [Task(f"the paper's U-Net, {PAPER_STEPS} steps", WINDOW, steps, macs)]


def _peers() -> list[Task]:
    """Other codecs, those of torch with weights at random; one that is not installed is named."""
    noise = np.random.default_rng(0).normal(0, 0.1, round(WINDOW * SAMPLE_RATE))
    sound = noise.astype(np.float32)
    tasks = [
        Task("Opus 12, there and back", WINDOW, lambda: opus(sound, 12)),
        Task("FLAC, there and back", WINDOW, lambda: flac(sound)),
    ]
    for package, make in (("encodec", _encodec), ("dac", _dac)):
        try:
            tasks += make()
        except ImportError as error:
            print(f"note: {package} is not timed ({error})", file=sys.stderr)
    return tasks


def _encodec() -> Iterator[Task]:
    from encodec import EncodecModel

    model = EncodecModel.encodec_model_24khz(pretrained=False).eval()
    model.set_target_bandwidth(6.0)
    sound = torch.randn(1, 1, round(WINDOW * 24_000)) * 0.1
    codes = _eager(model.encode, sound)()
    yield Task("EnCodec 24 kHz, encode, torch eager", WINDOW, _eager(model.encode, sound))
    yield Task("EnCodec 24 kHz, decode, torch eager", WINDOW, _eager(model.decode, codes))


def _dac() -> Iterator[Task]:
    from dac.model import DAC

    model = DAC().eval()
    sound = torch.randn(1, 1, round(WINDOW * 44_100) // 512 * 512) * 0.1
    latent = _eager(model.encode, sound)()[0]
    yield Task("DAC 44.1 kHz, encode, torch eager", WINDOW, _eager(model.encode, sound))
    yield Task("DAC 44.1 kHz, decode, torch eager", WINDOW, _eager(model.decode, latent))


def _product() -> Callable[[], object]:
    matrix = torch.randn(SIDE, SIDE)
    return lambda: matrix @ matrix


def _timed(
    tasks: Sequence[Task], rounds: int, progress: Progress
) -> dict[str, tuple[float, float]]:
    """The middle time of each task, and that of all cores, in seconds, after one not counted."""
    times: dict[str, list[tuple[float, float]]] = {task.name: [] for task in tasks}
    for number in range(rounds + 1):
        for task in tasks:
            began, busy = time.perf_counter(), time.process_time()
            task.run()
            if number:
                taken = time.perf_counter() - began, time.process_time() - busy
                times[task.name].append(taken)
        progress((number + 1) / (rounds + 1))
    return {
        name: (median(taken for taken, _ in found), median(busy for _, busy in found))
        for name, found in times.items()
    }


def _row(task: Task, times: tuple[float, float], peak: float) -> Row:
    taken, busy = times
    flops = 2e-9 * task.macs / taken
    return {
        "what": task.name,
        "ms": round(1000 * taken, 1),
        "times_real_time": round(task.seconds / taken, 1),
        "times_a_core": round(task.seconds / busy, 1) if busy else None,
        "gflops": round(flops, 1) if flops else None,
        "of_peak": round(flops / peak, 3) if flops else None,
    }


def _ratios(times: dict[str, tuple[float, float]]) -> dict[str, float]:
    torches = [name for name in times if name.endswith(", torch")]
    names = [name.removesuffix(", torch") for name in torches]
    return {name: round(times[f"{name}, torch"][0] / times[name][0], 2) for name in names}


def int8(bundle: Bundle, samples: Samples) -> list[Row]:
    """The U-Net with its weights in half precision, as shipped, and in 8 bits: a row each.

    `megabytes`, the middle `ms` of decoding `samples (n,)`, and their `si_snr_db`. Nothing for a
    bundle without diffusion, for a LAPPED one, or for one with mu, which the ranges would have to
    be measured over.
    """
    manifest = bundle.manifest
    if not manifest.has_unet or manifest.has_mu:
        return []
    rows = []
    codec = Codec(bundle)
    events = codec.encode(samples, bundle.manifest.sample_rate).events
    with tempfile.TemporaryDirectory(prefix="spiking-music-") as temporary:
        plain = Path(temporary, "plain.onnx")
        onnx.save(in_single(onnx.load(str(bundle.file(DECODER)))), plain)
        ways: list[tuple[str, Callable[[Path], None] | None]] = [
            ("fp16 stored, fp32 computed", None),
            ("int8, dynamic", lambda out: _dynamic(plain, out)),
            ("int8, static", lambda out: _static(plain, out, events.bits, bundle.manifest.hop)),
        ]
        for name, make in ways:
            copy = bundle if make is None else _with(bundle, Path(temporary, name), make)
            heard, times = Codec(copy), []
            for _ in range(INT8_ROUNDS):
                began = time.perf_counter()
                sound = heard.decode(heard.piece(events, len(samples)), "diffusion")
                times.append(time.perf_counter() - began)
            rows.append(
                {
                    "weights": name,
                    "megabytes": round(copy.file(DECODER).stat().st_size / 1e6, 2),
                    "ms": round(1000 * median(times), 1),
                    "si_snr_db": round(si_snr(samples, sound), 3),
                }
            )
    return rows


def in_single(model: onnx.ModelProto) -> onnx.ModelProto:
    """Undo the storage in half precision, in place: the quantiser looks for weights in fp32."""
    graph = model.graph
    halves = {t.name: t for t in graph.initializer if t.data_type == TensorProto.FLOAT16}
    for cast in [node for node in graph.node if node.op_type == "Cast"]:
        if half := halves.get(cast.input[0]):
            values = numpy_helper.to_array(half).astype(np.float32)
            graph.initializer.append(numpy_helper.from_array(values, cast.output[0]))
            graph.initializer.remove(half)
            graph.node.remove(cast)
    return model


def _with(bundle: Bundle, folder: Path, make: Callable[[Path], None]) -> Bundle:
    shutil.copytree(bundle.path, folder)
    (folder / DECODER).unlink()
    make(folder / DECODER)
    fields = asdict(bundle.manifest)
    del fields["files"]
    write_manifest(folder, fields)
    return open_bundle(folder)


def _dynamic(plain: Path, out: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(plain, out, weight_type=QuantType.QUInt8)


def _static(plain: Path, out: Path, bits: Bits, hop: int) -> None:
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.feeds = _feeds(bits, hop)

        def get_next(self) -> Any:
            return next(self.feeds, None)

    quantize_static(plain, out, Reader(), per_channel=True, op_types_to_quantize=["Conv"])


def _feeds(bits: Bits, hop: int) -> Iterator[dict[str, Any]]:
    random = np.random.default_rng(0)
    frames = bits.shape[1] // 4 * 4
    events = bits[None, :, :frames].astype(np.float32)
    for level in LEVELS:
        sample, base = random.normal(size=(2, 1, 1, frames * hop)).astype(np.float32)
        sigma = np.full(1, level, np.float32)
        yield {"sample": sample, "sigma": sigma, "events": events, "base": base}
