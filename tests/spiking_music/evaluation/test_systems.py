import dataclasses

import numpy as np

from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.spk.chunks import FRAMING_BYTES
from runtime.spk.header import HEADER_BYTES
from spiking_music.evaluation.systems import MUS, baseline_systems, bundle_systems, stored

NOISE = np.random.default_rng(0).normal(0, 0.1, 9000).astype(np.float32)


def changed(bundle: Bundle, **manifest: object) -> Bundle:
    manifest_of_it = dataclasses.replace(bundle.manifest, **manifest)  # type: ignore[arg-type]
    return dataclasses.replace(bundle, manifest=manifest_of_it)


def test_stored_bits_are_those_of_the_file(toy_bundle: Bundle) -> None:
    codec = Codec(toy_bundle)
    piece = codec.encode(NOISE, 22050)
    bits, read = stored(piece)
    assert read == piece
    assert bits > 8 * (HEADER_BYTES + FRAMING_BYTES)


def test_a_bundle_is_heard_through_the_decoders_that_it_has(toy_bundle: Bundle) -> None:
    names = [system.name for system in bundle_systems(toy_bundle)]
    assert names == ["toy diffusion", "toy fast"]
    half = {
        name: digest for name, digest in toy_bundle.manifest.files.items() if "fast" not in name
    }
    assert [system.name for system in bundle_systems(changed(toy_bundle, files=half))] == names[:1]


def test_a_bundle_of_many_rates_is_heard_at_several(toy_bundle: Bundle) -> None:
    names = [system.name for system in bundle_systems(changed(toy_bundle, kind="MU_SPARSE"))]
    assert names[: len(MUS)] == [f"toy diffusion mu={mu}" for mu in MUS]
    assert len(names) == 2 * len(MUS)


def test_every_baseline_gives_a_sound_of_the_same_length() -> None:
    for system in baseline_systems():
        decoded = system.run(NOISE)
        assert decoded.sound.shape == NOISE.shape
        assert decoded.sound.dtype == np.float32
        assert decoded.events is None
