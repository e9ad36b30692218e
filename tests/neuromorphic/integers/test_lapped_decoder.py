"""The decoder's dictionary driven by events: the same on Lava, and the sound of the runtime."""

import numpy as np
import pytest

from neuromorphic.costs.counts import count
from neuromorphic.fit import fitted
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.lapped_decoder import messages, sound, window_network
from neuromorphic.integers.network import run_network
from neuromorphic.simulate import differing, spikes
from runtime.errors import GraphError
from runtime.lapped import chip
from runtime.lapped.transform import synthesis
from runtime.metrics import si_snr

HOP, BINS, FRAMES = 64, 24, 40
VALUES = np.random.default_rng(0).laplace(0, 1, (FRAMES, BINS)).astype(np.float32)
VALUES *= np.abs(VALUES) > 1
STEP = np.linspace(0.01, 0.02, FRAMES).astype(np.float32)
X = messages(VALUES)


@pytest.fixture(scope="module")
def forms() -> Forms:
    return Forms(integers=window_network(chip.Units(np.full((1, BINS), 60, np.int32), HOP)))


def test_it_sounds_as_the_inverse_transform(forms: Forms) -> None:
    right = synthesis(VALUES * STEP[:, None], HOP)
    found = sound(run_network(forms.network, X.T), STEP)
    assert found.shape == right.shape
    assert si_snr(right, found) > 30  # 6-bit weights
    assert np.abs(found - right).max() < 0.05 * np.abs(right).max()


def test_lava_gives_the_same_sums(forms: Forms) -> None:
    right = spikes(forms, X)
    assert right.dtype == np.int32
    assert not differing(spikes(forms, X, "lava"), right)


def test_only_bins_that_fired_cost(forms: Forms) -> None:
    found = count(forms.network, X.T)["window"]
    rows = np.count_nonzero(chip.dictionary(BINS, HOP), axis=1)
    assert found.entering == np.count_nonzero(VALUES)
    assert found.synaptic_events == int((VALUES != 0).sum(0) @ rows)
    silent = count(forms.network, np.zeros((BINS, 3), np.int32))["window"]
    assert silent.synaptic_events == silent.driven_updates == 0


def test_it_fits_for_the_sums_of_a_recording(forms: Forms) -> None:
    assert fitted(forms, "loihi2", X)["misfit"] is None
    with pytest.raises(GraphError, match="at most 32767"):
        spikes(forms, messages(np.full((1, BINS), 600, np.float32)))
