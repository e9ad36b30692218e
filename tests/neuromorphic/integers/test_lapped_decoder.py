"""The decoder's dictionary driven by events: the same on Lava, and the sound of the runtime."""

import numpy as np
import pytest

from neuromorphic.costs.counts import count
from neuromorphic.fit import fitted
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.lapped_decoder import Sounding, sounding
from neuromorphic.integers.network import run_network
from neuromorphic.simulate import differing, spikes
from runtime.lapped import chip
from runtime.lapped.transform import synthesis
from runtime.metrics import si_snr
from runtime.thermometer import events_of

HOP, BINS, LEVELS, FRAMES = 64, 24, 7, 40
RNG = np.random.default_rng(0)
SCALE = np.linspace(1.5, 0.5, BINS).astype(np.float32)
POINTS = np.linspace(-0.3, 0.2, 3 * BINS).astype(np.float32).reshape(3, BINS)
Q = np.clip(np.rint(RNG.laplace(0, 1, (FRAMES, BINS))), -LEVELS, LEVELS).astype(np.int32)
EVENTS = events_of(Q, 2 * BINS * LEVELS)


@pytest.fixture(scope="module")
def decoder() -> Sounding:
    units = chip.Units(np.full((1, BINS), 60, np.int32), HOP)
    return sounding(units, SCALE, POINTS, LEVELS)


def test_it_sounds_as_the_float_decoder_without_its_refiner(decoder: Sounding) -> None:
    step = np.linspace(0.01, 0.02, FRAMES).astype(np.float32)
    size = np.abs(Q)
    point = np.take_along_axis(POINTS, np.clip(size, 1, 3) - 1, axis=0)
    values = np.sign(Q) * (size + point * (size > 0)) * SCALE * step[:, None]
    right = synthesis(values.astype(np.float32), HOP)
    found = decoder.sound(run_network(decoder.network, EVENTS.bits), step)
    assert found.shape == right.shape
    assert si_snr(right, found) > 25  # 6-bit weights
    assert np.abs(found - right).max() < 0.1 * np.abs(right).max()


def test_lava_gives_the_same_sums(decoder: Sounding) -> None:
    forms = Forms(integers=decoder.network)
    right = spikes(forms, EVENTS.bits.T)
    assert right.dtype == np.int32
    assert not differing(spikes(forms, EVENTS.bits.T, "lava"), right)


def test_only_events_cost(decoder: Sounding) -> None:
    found = count(decoder.network, EVENTS.bits)
    assert found["values"].synaptic_events == EVENTS.count == np.abs(Q).sum()
    rows = np.count_nonzero(chip.dictionary(BINS, HOP), axis=1)
    assert found["window"].synaptic_events == int((Q != 0).sum(0) @ rows)
    silent = count(decoder.network, np.zeros((2 * BINS * LEVELS, 3), np.bool_))
    assert silent["window"].synaptic_events == silent["window"].driven_updates == 0


def test_it_fits_for_the_sums_of_a_recording(decoder: Sounding) -> None:
    found = fitted(Forms(integers=decoder.network), "loihi2", EVENTS.bits.T)
    assert found["misfit"] is None
