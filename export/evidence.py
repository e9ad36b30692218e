"""The evidence in a bundle: a probe with torch's spikes, and a certificate."""

import dataclasses

import numpy as np

from export.certificate import Certificate, write_certificate
from export.probe import Payload, Probe, planted, write_probe
from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.nir_forms import layers_of
from runtime.audio.recordings import read_audio
from runtime.bundle import CERTIFICATE, EXACT, PROBE, Bundle, write_manifest
from runtime.codec import Codec
from runtime.events import Bits
from runtime.kinds import CLIPS
from train.data.sources import recordings


def make_probe(bundle: Bundle) -> Probe:
    """Encode the middle window of each shipped clip, add planted inputs, and run torch on them.

    Without torch the probe has no spikes.
    """
    codec, manifest = Codec(bundle), bundle.manifest
    layers = layers_of(read_graph(bundle.file(EXACT)))
    parts = []
    for file in recordings(CLIPS):
        samples = read_audio(file, manifest.sample_rate).samples
        length = min(len(samples), manifest.chunk_frames * manifest.hop)
        start = (len(samples) - length) // 2
        parts.append(codec.analyse(samples[start : start + length])[0])
    payload = np.concatenate([*parts, planted(layers)], axis=1)
    return Probe(payload, sum(part.shape[1] for part in parts), torch_events(bundle, payload))


def torch_events(bundle: Bundle, payload: Payload) -> Bits | None:
    """Return torch's events `(N, T) bool` for `payload (M, T)`, or None if it is not installed."""
    try:
        from train.reference import bottleneck_events
    except ModuleNotFoundError:
        return None
    return bottleneck_events(layers_of(read_graph(bundle.file(EXACT))), payload)


def write_evidence(bundle: Bundle, probe: Probe | None, certificate: Certificate) -> None:
    """Put both into the bundle's folder and its manifest; the model and its hash do not change.

    The probe of a LAPPED bundle is made anew each time, and is None here.
    """
    if probe is not None:
        write_probe(probe, bundle.path / PROBE, overwrite=True)
    write_certificate(certificate, bundle.path / CERTIFICATE, overwrite=True)
    fields = dataclasses.asdict(bundle.manifest)
    del fields["files"]
    write_manifest(bundle.path, fields)
