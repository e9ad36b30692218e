"""Everything on one recording: events, file, chips, sound, and a report."""

import json
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.codec_bill import system_report
from neuromorphic.costs.operations.system import count_system
from neuromorphic.energy import energies
from neuromorphic.opening import OpenNetwork, bundle_network
from neuromorphic.simulate import QUICK, differing, spikes
from runtime.audio.flac import flac
from runtime.audio.recordings import read_audio, write_audio
from runtime.audio.samples import Samples
from runtime.bundle import PAPER, Bundle, open_bundle
from runtime.codec import Codec
from runtime.errors import BundleError, MissingPackageError
from runtime.events import Bits, EventMatrix
from runtime.extras import how_to_install
from runtime.files import replacing
from runtime.kinds import CLIPS, Progress, Stage
from runtime.outputs import refuse_outputs
from runtime.piece import Piece
from runtime.spk.container import read_spk, sizes, write_spk
from spiking_music.report import lapped
from spiking_music.report.lapped import decibels
from spiking_music.report.page import LONGEST_S, page
from spiking_music.report.storage import rates
from spiking_music.report.versions import versions

OUTPUTS = (lapped.FILE, lapped.SOUND, "report.json", "report.html")
SECOND = ("small.spk", "small.wav")  # of the model on chips, if the first is LAPPED
# Beside the page of a recording that is too long to lie in it, with the name of each sound.
_SOUND = "report-{}.flac"
SYSTEM_CHIP = "loihi1"  # which runs the bottleneck in the whole codec's bill
_PACKAGES = ("numpy", "onnxruntime", "nir", "lava-nc", "torch", "matplotlib")


def default_clip() -> Path:
    """Return the first of the recordings that come with the package."""
    return min(CLIPS.glob("*.flac"))


def run(
    audio: Path, out: Path, bundle_path: Path | None, overwrite: bool, stage: Stage
) -> dict[str, Any]:
    """Run the demo on the file `audio` into the folder `out` and return what report.json holds.

    A LAPPED bundle is shown first, and on chips the bundle `PAPER`, whose bottleneck is a network.
    Writes `OUTPUTS`, then `SECOND`, too, and for a recording longer than `LONGEST_S` its sounds;
    `stage` shows the name and progress of what is being done. Raises what its stages raise,
    `OutputError` first of all when an output exists and `overwrite` is false.
    """
    refuse_outputs(out, OUTPUTS, overwrite, [audio])
    clock = _Clock(stage)
    with clock("read"):
        model = open_bundle(bundle_path)
        bundle = open_bundle(PAPER) if model.manifest.lapped else model
        file, sound = SECOND if model.manifest.lapped else OUTPUTS[:2]
        refuse_outputs(out, (file, sound), overwrite, [audio])
        recording = read_audio(audio, bundle.manifest.sample_rate)
    samples, codec, decoders = recording.samples, Codec(bundle), bundle.manifest.decoders
    before = () if bundle is model else (model.manifest.name,)
    beside = _beside(samples, bundle, (*before, *decoders))
    refuse_outputs(out, tuple((beside or {}).values()), overwrite, [audio])
    out.mkdir(parents=True, exist_ok=True)
    decoded: dict[str, Samples] = {}
    first: dict[str, Any] | None = None
    if bundle is not model:
        first, decoded[model.manifest.name] = lapped.shown(model, samples, out, overwrite, clock)
    with clock("encode") as progress:
        payload, encoded = codec.analyse(samples, progress)
    with clock("store"):
        piece, stored = _store(out / file, encoded, overwrite)
    events = piece.events
    network = bundle_network(bundle)
    agreement = _agreement(bundle, network, samples, payload, events, clock)
    for decoder in decoders:
        with clock(f"decode: {decoder}") as progress:
            decoded[decoder] = codec.decode(piece, decoder, progress=progress)
    chosen = bundle.manifest.decoder.default
    write_audio(out / sound, decoded[chosen], piece.sample_rate, overwrite)
    seconds = piece.seconds
    report: dict[str, Any] = {
        "title": audio.name,
        "audio": {
            "seconds": seconds,
            "samples": samples.size,
            "sample_rate": piece.sample_rate,
            "source_rate": recording.source_rate,
            "source_channels": recording.source_channels,
            "warnings": list(recording.warnings),
        },
        "first": first,
        "frame_rate": piece.sample_rate / piece.hop,
        "bundle": _bundle_facts(bundle),
        "file": stored | {"kbps": stored["bytes"] * 8e-3 / seconds},
        "rate": rates(piece),
        "events": {
            "count": events.count,
            "density": events.density,
            "per_second": events.count / seconds,
            "units": events.units,
            "frames": events.frames,
        },
        "quality": {
            "si_snr_db": decibels(samples, decoded[chosen]),
            "decoder": chosen,
            "decoders": {name: decibels(samples, decoded[name]) for name in decoders},
            "steps": bundle.manifest.decoder.steps,
        },
        **agreement,
        "system": system_report(
            bundle, count_system(bundle, payload, events, stored["bytes"]), load_chip(SYSTEM_CHIP)
        ),
        "energy": energies(network, payload.T)["chips"],
        "timings_s": clock.seconds,
        "versions": versions(_PACKAGES),
    }
    with clock("draw and write the report"):
        for name, path in (beside or {}).items():
            heard = samples if name == "original" else decoded[name]
            with replacing(out / path, overwrite) as temporary:
                temporary.write_bytes(flac(heard, piece.sample_rate))
        text = page(report, samples, decoded, events, beside)
        _write(out / "report.html", text, overwrite)
    _write(out / "report.json", json.dumps(report, indent=2, allow_nan=False) + "\n", overwrite)
    return report


def _beside(samples: Samples, bundle: Bundle, decoded: Sequence[str]) -> dict[str, str] | None:
    """Return the files of the sounds by name, or None if the page can hold them."""
    if samples.size <= LONGEST_S * bundle.manifest.sample_rate:
        return None
    return {name: _SOUND.format(name) for name in ("original", *decoded)}


class _Clock:
    """Shows stages and remembers how long each took."""

    def __init__(self, stage: Stage) -> None:
        self.seconds: dict[str, float] = {}
        self._stage = stage

    @contextmanager
    def __call__(self, name: str) -> Any:
        start = perf_counter()
        with self._stage(name) as progress:
            yield progress
        self.seconds[name] = round(perf_counter() - start, 3)


def _store(path: Path, piece: Piece, overwrite: bool) -> tuple[Piece, dict[str, Any]]:
    """Write the file and read it back, so that later stages use only what is stored."""
    write_spk(path, piece, overwrite=overwrite)
    parts = sizes(path)
    return read_spk(path), {"bytes": parts.total, "parts": vars(parts)}


def _agreement(
    bundle: Bundle,
    network: OpenNetwork,
    samples: Samples,
    payload: npt.NDArray[np.int8],
    events: EventMatrix,
    clock: _Clock,
) -> dict[str, Any]:
    """Count the bits in which each back end differs from the trained model, or from the file."""
    unavailable: dict[str, str] = {}
    reference, name = events.bits, "file"
    with clock("simulate: torch") as progress:
        try:
            reference, name = _torch_spikes(bundle, samples, progress), "torch"
        except (MissingPackageError, BundleError) as error:
            unavailable["torch"] = str(error)
    wrong: dict[str, int | None] = {
        "compared": reference.size,
        "onnx": differing(events.bits, reference),
    }
    for backend in QUICK:
        with clock(f"simulate: {backend}") as progress:
            try:
                bits = spikes(network, payload.T, backend, progress)
                wrong[backend] = differing(bits, reference)
            except MissingPackageError as error:
                wrong[backend], unavailable[backend] = None, str(error)
    return {
        "reference": name,
        "wrong_bits": wrong,
        "wrong_total": sum(count or 0 for name, count in wrong.items() if name != "compared"),
        "unavailable": unavailable,
    }


def _torch_spikes(bundle: Bundle, samples: Samples, progress: Progress) -> Bits:
    """Return the events `(N, T)` of the model as trained; `MissingPackageError` without torch."""
    try:
        from train.reference import load_reference
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            how_to_install(error.name or "torch", "train") or str(error)
        ) from error
    return load_reference(bundle)(samples, progress=progress)


def _bundle_facts(bundle: Bundle) -> dict[str, Any]:
    model = bundle.manifest
    return {
        "name": model.name,
        "hash": model.model_hash,
        "kind": model.kind,
        "licence": model.licence,
        "attribution": model.attribution,
    }


def _write(path: Path, text: str, overwrite: bool) -> None:
    with replacing(path, overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8")
