"""The bundles that the package ships, as far as the runtime goes."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runtime.bundle import Bundle, open_bundle
from runtime.codec import Codec


@pytest.fixture(scope="module", params=["small", "small-mu", "spectral", "spectral-mu"])
def bundle(request: pytest.FixtureRequest) -> Bundle:
    return open_bundle(Path(request.param))


def test_the_default_is_lapped() -> None:
    assert open_bundle().manifest == open_bundle(Path("lapped")).manifest


@pytest.fixture(scope="module")
def signal() -> np.ndarray:
    """Nine seconds of decaying notes."""
    time = np.arange(9 * 22050) / 22050
    notes = [np.sin(2 * np.pi * 55 * 2 ** (k / 5) * time) for k in range(18)]
    decay = [np.exp(-3 * np.clip(time - k / 2, 0, None)) * (time >= k / 2) for k in range(18)]
    return (0.2 * np.sum(np.multiply(notes, decay), axis=0)).astype(np.float32)


def with_context(bundle: Bundle, frames: int) -> Codec:
    return Codec(replace(bundle, manifest=replace(bundle.manifest, context_frames=frames)))


def test_its_context_is_wide_enough(bundle: Bundle, signal: np.ndarray) -> None:
    payload = Codec(bundle).analyse(signal)[0]
    wider = with_context(bundle, bundle.manifest.context_frames + 12).analyse(signal)[0]
    none = with_context(bundle, 0).analyse(signal)[0]
    # A window of another length may add in another order and round another way, now and then.
    assert np.mean(payload != wider) < 1e-4
    assert np.mean(payload != none) > 10 * np.mean(payload != wider)


def test_its_windows_agree_with_the_whole_signal(bundle: Bundle, signal: np.ndarray) -> None:
    whole = replace(bundle.manifest, chunk_frames=-(-len(signal) // 512))
    payload, piece = Codec(bundle).analyse(signal)
    other, likely = Codec(replace(bundle, manifest=whole)).analyse(signal)
    assert np.mean(payload != other) < 1e-3
    assert np.mean(piece.events.bits != likely.events.bits) < 1e-3
    assert np.abs(payload.astype(int) - other).max() <= 1


@pytest.mark.parametrize("samples", [1, 513, 140_001])
def test_it_gives_every_sample_back(bundle: Bundle, signal: np.ndarray, samples: int) -> None:
    codec = Codec(bundle)
    piece = codec.encode(signal[:samples], 22050)
    for decoder in bundle.manifest.decoders:
        audio = codec.decode(piece, decoder, steps=1)
        assert audio.shape == (samples,)
        assert np.isfinite(audio).all()


def test_more_mu_is_fewer_events(signal: np.ndarray) -> None:
    codec = Codec(open_bundle(Path("small-mu")))
    counts = [codec.encode(signal, 22050, mu).events.count for mu in (8, 12, 16, 20, 24)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 4 * counts[-1]


def test_it_fits_in_the_package(bundle: Bundle) -> None:
    assert sum(entry.stat().st_size for entry in bundle.path.iterdir()) <= 12 * 10**6


def test_it_brings_a_certificate_that_holds(bundle: Bundle) -> None:
    certificate = json.loads(bundle.file("certificate.json").read_text())
    assert certificate["holds"]
    assert certificate["model"] == bundle.manifest.model_hash
    assert certificate["files"].items() <= bundle.manifest.files.items()
