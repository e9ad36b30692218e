from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.bundle import Bundle
from runtime.errors import ListeningError, SpikingMusicError
from spiking_music.listening.conditions import (
    MOST,
    REFERENCE,
    Condition,
    always,
    checked,
    of_bundle,
    of_folder,
    of_opus,
)
from train.data.clips import Clip

CLIP = Clip("nocturne", np.random.default_rng(0).normal(0, 0.1, 22_050).astype(np.float32))


def test_the_reference_is_there_and_the_anchors_are_worse() -> None:
    sounds = {condition.name: condition.hear(CLIP) for condition in always()}
    assert len(sounds) == 4
    assert (sounds.pop(REFERENCE) == CLIP.samples).all()
    for sound in sounds.values():
        assert sound.shape == CLIP.samples.shape
        assert not np.allclose(sound, CLIP.samples, atol=0.01)


def test_a_bundle_is_heard_by_its_own_decoder_or_by_those_named(toy_bundle: Bundle) -> None:
    assert [c.name for c in of_bundle(toy_bundle, (), ())] == ["toy diffusion"]
    both = of_bundle(toy_bundle, ("fast", "diffusion"), (3,))  # a mu is for other bundles
    assert [c.name for c in both] == ["toy fast", "toy diffusion"]
    assert both[0].hear(CLIP).shape == CLIP.samples.shape
    with pytest.raises(ListeningError, match="'slow': choose diffusion or fast"):
        of_bundle(toy_bundle, ("slow",), ())


def test_a_bundle_of_many_rates_is_heard_at_those_named(mu_bundle: Bundle) -> None:
    assert [c.name for c in of_bundle(mu_bundle, ("fast",), ())] == ["toy fast mu=16"]
    few, many = of_bundle(mu_bundle, ("fast",), (28, 4))
    assert (few.name, many.name) == ("toy fast mu=28", "toy fast mu=4")
    assert not np.array_equal(few.hear(CLIP), many.hear(CLIP))


def test_opus_names_its_rate() -> None:
    assert of_opus(12.0).name == "Opus 12"
    assert of_opus(12.0).hear(CLIP).shape == CLIP.samples.shape


@pytest.mark.parametrize("extra", [0, -100, 300])
def test_a_folder_has_a_sound_for_each_clip(tmp_path: Path, extra: int) -> None:
    other = np.pad(CLIP.samples, (0, 300))[: len(CLIP.samples) + extra]
    soundfile.write(tmp_path / "nocturne.wav", other, 22_050, "FLOAT")
    heard = of_folder("theirs", tmp_path).hear(CLIP)
    assert heard.shape == CLIP.samples.shape
    assert np.abs(heard - CLIP.samples)[:20_000].max() < 1e-3


def test_a_folder_without_the_clip_or_with_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpikingMusicError, match=r"has no nocturne\.wav"):
        of_folder("theirs", tmp_path).hear(CLIP)
    soundfile.write(tmp_path / "nocturne.wav", CLIP.samples[:9000], 22_050)
    with pytest.raises(ListeningError, match="9000 samples"):
        of_folder("theirs", tmp_path).hear(CLIP)


def test_too_many_too_few_and_twins_are_refused(toy_bundle: Bundle) -> None:
    many: Callable[[int], list[Condition]] = lambda n: [of_opus(6 + i) for i in range(n)]  # noqa: E731
    assert len(checked(always() + many(MOST - 4))) == MOST
    with pytest.raises(ListeningError, match="13 conditions"):
        checked(always() + many(MOST - 3))
    with pytest.raises(ListeningError, match="nothing to rate"):
        checked(always())
    with pytest.raises(ListeningError, match="two conditions are called 'Opus 6'"):
        checked(always() + 2 * many(1))
