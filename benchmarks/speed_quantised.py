"""The U-Net with weights of 8 bits: how large, how fast, and what it costs in sound."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, numpy_helper

from runtime.bundle import Bundle, open_bundle, write_manifest
from runtime.codec import Codec
from runtime.kinds import Samples
from runtime.metrics import si_snr

Row = dict[str, Any]

ROUNDS = 5
LEVELS = (1.0, 0.75, 0.5, 0.25)  # of noise, at which the ranges are measured


def quantised(bundle: Bundle, samples: Samples) -> list[Row]:
    """A row each for half-precision storage as shipped, dynamic and static 8-bit integers.

    `megabytes`, the middle `ms` of decoding `samples (n,)`, and their `si_snr_db`. Nothing for a
    bundle without diffusion, or with mu, which the ranges would have to be measured over.
    """
    if not bundle.manifest.has_diffusion or bundle.manifest.has_mu:
        return []
    rows = []
    codec = Codec(bundle)
    events = codec.encode(samples, bundle.manifest.sample_rate).events
    with tempfile.TemporaryDirectory(prefix="spiking-music-") as temporary:
        plain = Path(temporary, "plain.onnx")
        onnx.save(in_single(onnx.load(str(bundle.file("decoder.onnx")))), plain)
        ways: list[tuple[str, Callable[[Path], None] | None]] = [
            ("fp16 stored, fp32 computed", None),
            ("int8, dynamic", lambda out: _dynamic(plain, out)),
            ("int8, static", lambda out: _static(plain, out, events.bits, bundle.manifest.hop)),
        ]
        for name, make in ways:
            copy = bundle if make is None else _with(bundle, Path(temporary, name), make)
            heard, times = Codec(copy), []
            for _ in range(ROUNDS):
                began = time.perf_counter()
                sound = heard.decode(heard.piece(events, len(samples)), "diffusion")
                times.append(time.perf_counter() - began)
            rows.append(
                {
                    "weights": name,
                    "megabytes": round(copy.file("decoder.onnx").stat().st_size / 1e6, 2),
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
    (folder / "decoder.onnx").unlink()
    make(folder / "decoder.onnx")
    fields = asdict(bundle.manifest)
    del fields["files"]
    write_manifest(folder, fields)
    return open_bundle(folder)


def _dynamic(plain: Path, out: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(plain, out, weight_type=QuantType.QUInt8)


def _static(plain: Path, out: Path, bits: npt.NDArray[np.bool_], hop: int) -> None:
    from onnxruntime.quantization import CalibrationDataReader, quantize_static

    class Reader(CalibrationDataReader):
        def __init__(self) -> None:
            self.feeds = _feeds(bits, hop)

        def get_next(self) -> Any:
            return next(self.feeds, None)

    quantize_static(plain, out, Reader(), per_channel=True, op_types_to_quantize=["Conv"])


def _feeds(bits: npt.NDArray[np.bool_], hop: int) -> Iterator[dict[str, npt.NDArray[np.float32]]]:
    random = np.random.default_rng(0)
    frames = bits.shape[1] // 4 * 4
    events = bits[None, :, :frames].astype(np.float32)
    for level in LEVELS:
        sample, base = random.normal(size=(2, 1, 1, frames * hop)).astype(np.float32)
        sigma = np.full(1, level, np.float32)
        yield {"sample": sample, "sigma": sigma, "events": events, "base": base}
