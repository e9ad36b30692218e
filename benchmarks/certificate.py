"""Whether hours of music give the same spikes everywhere: a certificate with music as its probe."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.results import write_json
from export.certificate import (
    EXACT,
    Certificate,
    certify,
    require_importers,
)
from export.evidence import torch_events
from export.lapped_certificate import certify_lapped
from export.lapped_probe import lapped_probe
from export.probe import Probe, planted
from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.nir_forms import layers_of
from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import PAPER, Bundle, open_bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError, one_line
from runtime.events import Bits
from runtime.files import replacing
from runtime.kinds import Progress
from spiking_music.cli import terminal
from train.config import SAMPLE_RATE
from train.data.maestro import maestro_of
from train.data.performance import read_midi
from train.data.rendering import render
from train.data.sources import recordings

Payload = npt.NDArray[np.int8]


def measure(
    bundle: Path | None,
    data: str,
    hours: float,
    pythons: Mapping[str, str],
    keep: Path | None = None,
    skip: float = 0.0,
) -> Certificate:
    """Encode whole pieces of `data` until there are `hours`, plant near-ties behind, certify.

    `data` is a folder of recordings, `maestro:DIR` or `maestro:DIR:PACK.zip` (the test split, its
    MIDI rendered). The encoder's own events are a back end too. Less music than `hours` is taken
    whole; the probe's `real_frames` say how much. What was encoded is kept in the file `keep`, and
    taken from it the next time, but not for a LAPPED bundle, which encodes in less time than it
    takes to read that; of such a bundle slices that each `skip` the hours before them add up.
    Raises `SpikingMusicError` where what is kept is of something else.
    """
    require_importers(pythons)
    opened = open_bundle(bundle or PAPER)
    if opened.manifest.lapped:
        with terminal.stage("encode") as progress:
            frames = lapped_probe(opened, within(pieces(data), skip, hours, progress))
        return certify_lapped(opened, frames, pythons=pythons, stage=terminal.stage)
    if skip:
        raise SpikingMusicError("--skip is for LAPPED bundles; others go on from what --keep holds")
    made_of = f"{hours:g} h of {data} in {opened.manifest.model_hash}"
    if keep is None or not keep.exists():
        encoded, events = _encoded(opened, data, hours)
        if keep is not None:
            _keep(keep, made_of, encoded, events)
    else:
        encoded, events = _kept(keep, made_of)
    payload = np.concatenate([encoded, planted(layers_of(read_graph(opened.file(EXACT))))], axis=1)
    probe = Probe(payload, encoded.shape[1], torch_events(opened, payload))
    return certify(opened, probe, known={"onnx": events}, pythons=pythons, stage=terminal.stage)


def _encoded(bundle: Bundle, data: str, hours: float) -> tuple[Payload, Bits]:
    """Return the payload `(M, T)` of the music and the encoder's own events `(N, T)`."""
    codec = Codec(bundle)
    wanted = int(hours * 3600 * SAMPLE_RATE / bundle.manifest.hop)
    parts, events, frames = [], [], 0
    with terminal.stage("encode") as progress:
        for samples in pieces(data):
            payload, piece = codec.analyse(samples)
            parts.append(payload)
            events.append(piece.events.bits)
            frames += payload.shape[1]
            progress(min(1.0, frames / wanted))
            if frames >= wanted:
                break
    if not parts:
        raise SpikingMusicError(f"{data}: has no recordings")
    return np.concatenate(parts, axis=1), np.concatenate(events, axis=1)


def _keep(path: Path, made_of: str, payload: Payload, events: Bits) -> None:
    with replacing(path) as temporary:
        packed = np.packbits(events, axis=1)
        np.savez_compressed(temporary, payload=payload, events=packed, made_of=np.array(made_of))


def _kept(path: Path, made_of: str) -> tuple[Payload, Bits]:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            payload, packed, found = (arrays[key] for key in ("payload", "events", "made_of"))
    except Exception as error:  # zipfile and numpy raise many different errors for damaged files
        raise SpikingMusicError(f"{path}: not what this keeps ({one_line(error)})") from error
    if str(found) != made_of:
        raise SpikingMusicError(f"{path}: keeps {found}, not {made_of}; name another file")
    return payload, np.unpackbits(packed, axis=1, count=payload.shape[1]) > 0


def within(
    sounds: Iterable[Samples], skip: float, hours: float, progress: Progress
) -> Iterator[Samples]:
    """Yield sounds without the first `skip` hours, `hours` of them at most."""
    before, wanted = (int(length * 3600 * SAMPLE_RATE) for length in (skip, hours))
    left = wanted
    for sound in sounds:
        rest, before = sound[before:], max(before - len(sound), 0)
        if not len(rest):
            continue
        yield rest[:left]
        left -= len(rest)
        progress(min(1.0, 1 - left / wanted))
        if left <= 0:
            return


def pieces(data: str) -> Iterator[Samples]:
    """Yield the sound of one piece after another, whole, at 22 050 Hz."""
    found = maestro_of(data)
    if found is None:
        for file in recordings(Path(data)):
            yield read_audio(file, SAMPLE_RATE).samples
        return
    for piece in found.pieces("test"):
        if piece.midi.exists():
            yield render(read_midi(piece.midi), found.piano)


def write(certificate: Certificate, path: Path | None) -> None:
    """Print the table, and write all of it as JSON where a `path` is given."""
    terminal.show_rows([row.as_shown() for row in certificate.rows])
    terminal.show_rows([vars(chip) for chip in certificate.accumulators])
    write_json(certificate.as_json(), path)
