"""Other codecs, for their speed alone: EnCodec and DAC with weights at random, Opus, FLAC.

EnCodec and descript-audio-codec are no dependencies: they are timed where they can be imported.
"""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from spiking_music.evaluation.peers import SAMPLE_RATE, flac, opus

Timed = tuple[str, float, Callable[[], object]]


def peers(seconds: float) -> list[Timed]:
    """Name, seconds of sound, and what codes it; a peer that is not installed is named."""
    noise = np.random.default_rng(0).normal(0, 0.1, round(seconds * SAMPLE_RATE))
    sound = noise.astype(np.float32)
    timed: list[Timed] = [
        ("Opus 12, there and back", seconds, lambda: opus(sound, 12)),
        ("FLAC, there and back", seconds, lambda: flac(sound)),
    ]
    for package, make in (("encodec", _encodec), ("dac", _dac)):
        try:
            timed += make(seconds)
        except ImportError as error:
            print(f"note: {package} is not timed ({error})", file=sys.stderr)
    return timed


def _encodec(seconds: float) -> Iterator[Timed]:
    from encodec import EncodecModel

    model = EncodecModel.encodec_model_24khz(pretrained=False).eval()
    model.set_target_bandwidth(6.0)
    sound = torch.randn(1, 1, round(seconds * 24_000)) * 0.1
    codes = _quietly(model.encode, sound)()
    yield "EnCodec 24 kHz, encode, torch eager", seconds, _quietly(model.encode, sound)
    yield "EnCodec 24 kHz, decode, torch eager", seconds, _quietly(model.decode, codes)


def _dac(seconds: float) -> Iterator[Timed]:
    from dac.model import DAC

    model = DAC().eval()
    sound = torch.randn(1, 1, round(seconds * 44_100) // 512 * 512) * 0.1
    latent = _quietly(model.encode, sound)()[0]
    yield "DAC 44.1 kHz, encode, torch eager", seconds, _quietly(model.encode, sound)
    yield "DAC 44.1 kHz, decode, torch eager", seconds, _quietly(model.decode, latent)


def _quietly(run: Callable[..., Any], given: Any) -> Callable[[], Any]:
    def inference() -> Any:
        with torch.inference_mode():
            return run(given)

    return inference
