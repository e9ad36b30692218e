"""Whether hours of music spike the same everywhere: a certificate whose probe is that music."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from benchmarks.results import write_json
from evaluation.clips import SAMPLE_RATE, Samples, recordings
from export.evidence import torch_events
from neuromorphic.certificate import EXACT, Certificate, certify
from neuromorphic.graphs import layer_of, read_graph
from neuromorphic.probe import Probe, planted
from report import terminal
from runtime.audio import read_audio
from runtime.bundle import open_bundle
from runtime.codec import Codec
from train.data.maestro import maestro
from train.data.performance import read_midi
from train.data.rendering import rendering
from train.data.salamander import salamander
from train.data.steinway import steinway


def measure(
    bundle: Path | None, data: str, hours: float, pythons: Mapping[str, str]
) -> Certificate:
    """Encode whole pieces of `data` until there are `hours`, plant near-ties behind, certify.

    `data` is a folder of recordings, `maestro:DIR` or `maestro:DIR:PACK.zip` (the test split, its
    MIDI rendered). The encoder's own events are a back end too. Less music than `hours` is taken
    whole; the probe's `real_frames` say how much.
    """
    opened = open_bundle(bundle)
    codec = Codec(opened)
    wanted = int(hours * 3600 * SAMPLE_RATE / opened.manifest.hop)
    parts, events, frames = [], [], 0
    with terminal.stage("encode") as progress:
        for samples in pieces(data):
            payload, heard = codec.analyse(samples)
            parts.append(payload)
            events.append(heard.bits)
            frames += payload.shape[1]
            progress(min(1.0, frames / wanted))
            if frames >= wanted:
                break
    layer = layer_of(read_graph(opened.file(EXACT)))
    payload = np.concatenate([*parts, planted(layer)], axis=1)
    probe = Probe(payload, frames, torch_events(opened, payload))
    known = {"onnx": np.concatenate(events, axis=1)}
    return certify(opened, probe, known=known, pythons=pythons, stage=terminal.stage)


def pieces(data: str) -> Iterator[Samples]:
    """Yield the sound of one piece after another, whole, at 22 050 Hz."""
    if not data.startswith("maestro:"):
        for file in recordings(Path(data)):
            yield read_audio(file, SAMPLE_RATE).samples
        return
    root, _, pack = data.removeprefix("maestro:").partition(":")
    piano = functools.cache(lambda: salamander(Path(pack)) if pack else steinway())
    for piece in maestro(Path(root), "test"):
        if piece.midi.exists():
            source = rendering(piece.midi.stem, read_midi(piece.midi), piano())
            yield source.read(0, source.frames)


def write(certificate: Certificate, path: Path | None) -> None:
    """Print the table, and write all of it as JSON where a `path` is given."""
    terminal.show_rows([row.as_shown() for row in certificate.rows])
    write_json(certificate.as_json(), path)
