"""Codes of groups, read back from shipped bundles: the same sound, and nearly the same events."""

from pathlib import Path

import numpy as np
import pytest
import torch

from runtime.audio.recordings import read_audio
from runtime.audio.samples import Samples
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.errors import ConfigError
from runtime.kinds import CLIPS
from runtime.metrics import si_snr
from train.config import load_preset
from train.networks.inhibition import Inhibition
from train.networks.model import Model
from train.statistics import measured
from train.warm_start import start_from

PAID = ["code.kind=MU_SPARSE", "sparsity.mu=[8,22]"]


@pytest.fixture(scope="module")
def sound() -> Samples:
    recording = read_audio(CLIPS / "2-beethoven-adagio.flac", 22_050)
    return recording.samples[: 512 * 256]


def started(bundle: str, overrides: list[str]) -> Model:
    model = Model(load_preset("spectral", overrides)).eval()
    start_from(model, bundle)
    return model


@pytest.mark.parametrize(
    ("bundle", "overrides", "mu"),
    [("spectral", [], None), ("spectral-mu", PAID, 8), ("spectral-mu", PAID, 14)],
)
@torch.no_grad()
def test_training_goes_on_from_the_sound_of_a_bundle(
    sound: Samples, bundle: str, overrides: list[str], mu: int | None
) -> None:
    model, codec = started(bundle, overrides), Codec(open_bundle(Path(bundle)))
    piece = codec.encode(sound, 22_050, mu=mu)
    coded = model.code(torch.from_numpy(sound)[None, None], torch.tensor([mu or 0]))
    # A chip's integers are known, but not the scale to which each unit was rounded.
    assert np.mean((coded.events[0].numpy() > 0) != piece.events.bits) < 0.08
    heard = model.waveform(coded.heard)[0, 0].numpy()
    assert si_snr(sound, heard) > si_snr(sound, codec.decode(piece, "fast")) - 0.5
    assert measured(model.bottleneck)


def test_a_code_that_pays_starts_from_one_that_does_not() -> None:
    model = started("spectral", PAID)
    assert isinstance(model.bottleneck, Inhibition)
    assert model.bottleneck.price is not None
    assert not model.bottleneck.price.value.any()


def test_another_kind_of_code_starts_from_the_trunk_alone() -> None:
    plain = ["code.groups=1", "code.sweeps=0"]
    random, model = Model(load_preset("spectral", plain)), started("spectral", plain)
    ours, theirs = model.state_dict(), random.state_dict()
    kept = {name for name in ours if torch.equal(ours[name], theirs[name])}
    assert {name for name in kept if name.startswith("waveform.first")}
    assert not {name for name in kept if "blocks" in name}
    assert all(name in kept for name in ours if name.startswith("bottleneck."))


@pytest.mark.parametrize(
    ("bundle", "overrides"),
    [
        ("spectral-mu", []),
        ("spectral", ["code.groups=4"]),
        ("spectral", ["encoder.channels=128"]),
        ("small", []),
    ],
)
def test_a_bundle_that_does_not_fit_is_refused_in_one_line(
    bundle: str, overrides: list[str]
) -> None:
    with pytest.raises(ConfigError, match=r"start_from: .* start from a") as caught:
        started(bundle, overrides)
    assert "\n" not in str(caught.value)
