"""What the diffusion decoder of `spectral` computes, layer by layer as by hand."""

from collections import Counter
from pathlib import Path

import numpy as np

from neuromorphic.costs.operations.short_diffusion import count_sampling
from neuromorphic.costs.operations.system import DIFFUSION, WAVEFORM, count_system
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.decoders.short_diffusion import margin_of
from runtime.lapped.short import FEATURES, PATCH, PATCHES

SHIPPED = open_bundle(Path("spectral"))
CONTEXT = SHIPPED.manifest.context_frames
ENVELOPE, VELOCITY = 80, 48  # channels


def block(width: int, frames: int) -> int:
    return width * frames * 5 + 2 * width * 2 * width


def test_products_are_those_of_the_layers() -> None:
    steps, width = 3, 40 + 2 * CONTEXT
    found = count_sampling(SHIPPED, Counter({width: 2}), steps)
    patches = 2 * (40 + 2 * margin_of(steps) - 1) * PATCHES
    envelope = (FEATURES + PATCH) * ENVELOPE + 4 * block(ENVELOPE, 5)
    velocity = 2 * PATCH * VELOCITY * 2 + ENVELOPE * VELOCITY + 2 * block(VELOCITY, 3)
    products = sum(op.macs for op in found)
    wanted = patches * (envelope + steps * velocity)
    # Besides, each step embeds its noise level once, and edges of convolutions meet no input.
    assert 0.9 * wanted < products <= wanted + 2 * steps * 3 * VELOCITY
    assert sum(op.arithmetic for op in found if op.kind == "Short") > 0


def test_the_waveform_is_billed_once() -> None:
    codec = Codec(SHIPPED)
    sound = np.random.default_rng(0).normal(0, 0.1, 300 * 512).astype(np.float32)
    payload, piece = codec.analyse(sound)
    system = count_system(SHIPPED, payload, piece.events, 1000, steps=2)
    macs = {name: sum(op.macs for op in system.networks[name]) for name in (WAVEFORM, DIFFUSION)}
    frame = SHIPPED.manifest.operations["decoder_fast_macs_per_frame"]
    assert macs[WAVEFORM] >= 2 * (256 + 2 * CONTEXT) * frame
    own = sum(op.macs for op in count_sampling(SHIPPED, Counter({256 + 2 * CONTEXT: 2}), 2))
    more = macs[DIFFUSION] - own
    assert 0.9 < more / (2 * 2 * margin_of(2) * frame) < 1.2
    assert all(op.weight_bytes >= 0 for op in system.networks[DIFFUSION])
