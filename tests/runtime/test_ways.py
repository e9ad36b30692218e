from dataclasses import replace

import pytest

from runtime.bundle import Bundle
from runtime.errors import SpikingMusicError
from runtime.ways import Way, way_of

MEASURED = {
    name: {
        "decoders": {
            "fast": {"mel_distance": 0.5 + shift},
            "diffusion_1": {"mel_distance": 0.7},
            "diffusion_4": {"mel_distance": 0.4},
        }
    }
    for name, shift in (("one", 0.0), ("other", 0.1))
}


def test_each_quality_is_a_way(toy_bundle: Bundle) -> None:
    manifest = toy_bundle.manifest
    assert way_of("fast", manifest) == Way("fast", "ddim", 1)
    assert way_of("good", manifest) == way_of("best", manifest) == Way("diffusion", "ddim", 4)
    lone = replace(manifest, files={"decoder.onnx": ""})
    assert way_of("fast", lone) == Way("diffusion", "ddim", 1)


def test_the_best_is_what_measured_best_over_all_sets(toy_bundle: Bundle) -> None:
    measured = replace(toy_bundle.manifest, quality=MEASURED)
    assert way_of("best", measured) == Way("diffusion", "ddim", 4)
    for figures in MEASURED.values():
        figures["decoders"]["diffusion_4"] = {"mel_distance": 0.8}
    assert way_of("best", measured).decoder == "fast"


def test_another_quality_is_named(toy_bundle: Bundle) -> None:
    with pytest.raises(SpikingMusicError, match="great"):
        way_of("great", toy_bundle.manifest)
