import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from train.config import UNet
from train.networks.mel import BANDS, FLOOR, MelSpectrum, MelUNet
from train.objectives.distances import mel_filters

NET = UNet((8,) * 9, (1, 4, 4, 4, 2, 2, 2, 2, 2), (0, 1, 1, 1, 1, 1, 1, 1, 1), 8, False, 1.0, ())


@given(st.integers(2, 12))
@settings(max_examples=8)
def test_two_mel_frames_lie_side_by_side_in_a_frame(frames: int) -> None:
    audio = torch.randn(2, 1, 512 * frames)
    mel = MelSpectrum()(audio)
    assert mel.shape == (2, 2 * BANDS, frames)
    # The second half of a frame is what the first would be half a frame later.
    later = MelSpectrum()(torch.roll(audio, -256, 2))
    torch.testing.assert_close(later[:, :BANDS, 1:-2], mel[:, BANDS:, 1:-2], atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("pitch", [220.0, 880.0, 3520.0])
def test_a_tone_is_loudest_in_its_own_band(pitch: float) -> None:
    time = torch.arange(512 * 8) / 22_050
    mel = MelSpectrum()(torch.sin(2 * math.pi * pitch * time)[None, None])
    band = int(mel[0, :BANDS, 4].argmax())
    response = mel_filters(1024, BANDS)[band]
    assert response[round(pitch * 1024 / 22_050)] > 0


def test_silence_lies_on_the_floor_and_ten_times_the_sound_is_a_known_step() -> None:
    spectrum = MelSpectrum()
    silence = spectrum(torch.zeros(1, 1, 4096))
    torch.testing.assert_close(silence, torch.full_like(silence, math.log(FLOOR)))
    sound = torch.randn(1, 1, 4096)
    step = spectrum(10 * sound) - spectrum(sound)
    torch.testing.assert_close(step, torch.full_like(step, math.log(10)), atol=1e-3, rtol=0)


def test_the_decoder_hears_the_spectrum_at_the_samples_that_it_is_of() -> None:
    torch.manual_seed(0)
    net, frames = MelUNet(NET).eval(), 12
    mel = torch.randn(1, 2 * BANDS, frames)
    unfolded = mel.unflatten(1, (2, BANDS)).permute(0, 2, 3, 1).flatten(2)
    assert torch.equal(unfolded[0, :, 7], mel[0, BANDS:, 3])
    lifted = net.lift(unfolded)
    assert lifted.shape == (1, 1, 512 * frames)
    other = unfolded.clone()
    other[..., 12] += 1  # mel frame 12 is centred on sample 12.5 * 256
    heard = (net.lift(other) != lifted)[0, 0].nonzero().flatten().float()
    assert heard.mean().item() == pytest.approx(12.5 * 256, abs=2)
    sample, sigma = torch.randn(1, 1, 512 * frames), torch.tensor([0.5])
    velocity = net(sample, sigma, mel, torch.zeros_like(sample))
    assert velocity.shape == sample.shape
    assert not torch.equal(net(sample, sigma, mel + 1, torch.zeros_like(sample)), velocity)


def test_half_precision_changes_no_spectrum() -> None:
    audio = torch.randn(1, 1, 4096)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = MelSpectrum()(audio)
    assert torch.equal(mixed, MelSpectrum()(audio))
