from dataclasses import replace

import pytest

from runtime.bundle import Bundle
from runtime.decoders.presets import FAST, Preset, distances, knee, preset_of
from runtime.errors import SpikingMusicError

MEASURED = {
    name: {
        "decoders": {
            "fast": {"mel_distance": 0.5 + shift},
            "ddim_1": {"mel_distance": 0.7},
            "ddim_4": {"mel_distance": 0.4},
        }
    }
    for name, shift in (("one", 0.0), ("other", 0.1))
}


def test_each_quality_is_a_way(toy_bundle: Bundle) -> None:
    manifest = toy_bundle.manifest
    assert preset_of("fast", manifest) == Preset("fast", "ddim", 1)
    assert (
        preset_of("good", manifest) == preset_of("best", manifest) == Preset("diffusion", "ddim", 4)
    )
    plain = replace(manifest, decoder=replace(manifest.decoder, default="fast", sampler="dpm"))
    assert preset_of("fast", plain) == preset_of("good", plain) == FAST
    assert preset_of("good", plain, "diffusion") == Preset("diffusion", "dpm", 4)
    lone = replace(manifest, files={"decoder.onnx": ""})
    assert preset_of("fast", lone) == Preset("diffusion", "ddim", 1)


def test_the_best_is_what_measured_best_over_all_sets(toy_bundle: Bundle) -> None:
    measured = replace(toy_bundle.manifest, quality=MEASURED)
    assert preset_of("best", measured) == Preset("diffusion", "ddim", 4)
    for figures in MEASURED.values():
        figures["decoders"]["ddim_4"] = {"mel_distance": 0.8}
    assert preset_of("best", measured).decoder == "fast"


def test_another_quality_is_named(toy_bundle: Bundle) -> None:
    with pytest.raises(SpikingMusicError, match="great"):
        preset_of("great", toy_bundle.manifest)


DDIM = {steps: Preset("diffusion", "ddim", steps) for steps in (1, 2, 4, 8)}
DPM = Preset("diffusion", "dpm", 4)


@pytest.mark.parametrize(
    ("distance", "found"),
    [
        ({DDIM[1]: 0.5, DDIM[2]: 0.4, DDIM[4]: 0.399, DDIM[8]: 0.398}, DDIM[2]),
        ({DDIM[1]: 0.5, DDIM[2]: 0.6}, DDIM[1]),
        ({DDIM[4]: 0.4, DDIM[8]: 0.3}, DDIM[8]),
        ({DDIM[4]: 0.301, DPM: 0.3}, DPM),
        ({DDIM[1]: 0.3, FAST: 0.305}, FAST),
        ({DDIM[1]: 0.3, FAST: 0.31}, DDIM[1]),
    ],
)
def test_the_knee_is_where_more_work_gains_little(
    distance: dict[Preset, float], found: Preset
) -> None:
    assert knee(distance) == found


def test_a_way_is_found_by_its_name(toy_bundle: Bundle) -> None:
    ways = [*DDIM.values(), DPM, FAST]
    decoders = {way.name: {"mel_distance": number} for number, way in enumerate(ways)}
    measured = replace(toy_bundle.manifest, quality={"one": {"decoders": decoders}})
    assert list(distances(measured)) == ways
