"""The lapped code as integers: every form gives the runtime's events, for the worst frames too."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.lapped_probe import planted
from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.counts import count
from neuromorphic.energy import energies
from neuromorphic.fit import fit, fitted
from neuromorphic.graphs.files import read_graph, write_graph
from neuromorphic.integers.bounds import peak_sums, worst_sums
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.lapped import (
    lapped_layer,
    lapped_network,
    layer_network,
    portable_lapped,
    substeps,
)
from neuromorphic.integers.layer import CURRENT_LIMIT
from neuromorphic.integers.network import run_network
from neuromorphic.integers.nir_forms import exact_graph, layers_of
from neuromorphic.simulate import BACKENDS, differing, spikes, suitable
from runtime.lapped import chip
from runtime.thermometer import events_of

HOP, BINS, LEVELS = 64, 24, 7


@pytest.fixture(scope="module")
def units() -> chip.Units:
    theta = np.linspace(110, 30, BINS).astype(np.int32)
    return chip.Units(np.stack([theta, theta - 2, theta - 3, theta - 4]), HOP)


@pytest.fixture(scope="module")
def forms(units: chip.Units) -> Forms:
    return Forms(integers=lapped_network(units, LEVELS), lapped=units)


def frames(units: chip.Units, seed: int = 0, octave: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Random frames `(T, 2 HOP + LEVELS)` and their events by the runtime."""
    rng = np.random.default_rng(seed)
    loud = 2.0 ** rng.integers(-3, 8, (6, 1))
    payload = np.clip(np.rint(rng.standard_normal((6, 2 * HOP)) * loud), -127, 127).astype(np.int8)
    exponent = rng.integers(-9, 1, 6).astype(np.int32)
    step = chip.finest_step(exponent, HOP) * 2.0**octave
    q = chip.levels(chip.accumulated(payload, units), exponent, step, units)
    events = events_of(np.clip(q, -LEVELS, LEVELS).astype(np.int32), 2 * LEVELS * BINS)
    steps = [chip.level_payloads(level, exponent, step, units) for level in range(LEVELS)]
    return np.hstack([payload.astype(np.int32), np.stack(steps, 1)]), events.bits


def worst(units: chip.Units) -> tuple[np.ndarray, np.ndarray]:
    """The worst cases and their events by their definition."""
    payload, steps = planted(units, LEVELS)
    sums = payload.astype(np.int64) @ chip.dictionary(BINS, HOP).astype(np.int64).T >> chip.SHIFT
    theta = np.stack([units.row(level) for level in range(LEVELS)])
    both = np.stack([sums, -sums], -1)[:, None] > (steps[..., None] * theta)[..., None]
    return np.hstack([payload.astype(np.int32), steps]), both.reshape(len(payload), -1).T


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 14))
def test_both_forms_fire_as_the_runtime(seed: int, octave: float) -> None:
    theta = np.random.default_rng(seed).integers(20, 128, BINS).astype(np.int32)
    units = chip.Units(np.stack([theta, theta - 4, theta - 6]), HOP)
    x, right = frames(units, seed, octave)
    network = lapped_network(units, LEVELS)
    assert differing(run_network(network, x.T), right) == 0
    shown = substeps(x, units)
    found = shown.joined(run_network(layer_network(units), shown.x.T), network.units, len(x))
    assert differing(found, right) == 0


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("what", [frames, worst])
def test_every_back_end_gives_the_same_bits(units, forms, backend, what) -> None:
    x, right = what(units)
    assert right.any()
    assert differing(spikes(forms, x, backend), right) == 0


def test_ties_do_not_fire_and_the_worst_frames_reach_the_bounds(units, forms) -> None:
    x, right = worst(units)
    fired = right[: 2 * BINS].any(axis=0)
    assert fired[1:].reshape(-1, 2).any(axis=1).all()  # below a threshold or at it
    assert not fired[0]
    peaks, bounds = peak_sums(forms.network, x.T), worst_sums(forms.network, 8)
    assert peaks["bins"] == bounds["bins"] == -(-chip.bounds(units)[0] >> chip.SHIFT)
    assert bounds["units"] <= chip.bounds(units)[1] < chip.LIMIT
    assert max(worst_sums(layer_network(units), 8).values()) < CURRENT_LIMIT


def test_files_hold_what_was_written(units, tmp_path) -> None:
    layer = lapped_layer(units)
    write_graph(exact_graph([layer]), tmp_path / "exact.nir")
    (back,) = layers_of(read_graph(tmp_path / "exact.nir"))
    assert (back.arms[0].weight == layer.arms[0].weight).all()
    assert back.shift == layer.shift
    write_graph(portable_lapped(units), tmp_path / "portable.nir")
    graph = read_graph(tmp_path / "portable.nir")
    assert [stage.kind for stage in graph.stages] == ["Input", "Linear", "LIF", "Output"]


def test_a_frame_is_shown_until_nothing_fires(units) -> None:
    x, right = frames(units)
    shown = substeps(x, units)
    top = right.reshape(LEVELS, -1, len(x)).any(axis=1).sum(axis=0)
    assert (np.bincount(shown.frame) == np.minimum(top + 1, LEVELS)).all()
    empty = np.setdiff1d(np.arange(len(shown.x)), shown.at)
    assert (shown.x[empty, -1] == 1).all()
    assert not shown.x[empty, :-1].any()


def test_costs_are_those_of_loops_over_the_weights(units, forms) -> None:
    x, right = frames(units)
    found = count(forms.network, x.T)
    weight = chip.dictionary(BINS, HOP) != 0
    sums = chip.accumulated(x[:, : 2 * HOP].astype(np.int8), units)
    given, steps = x[:, : 2 * HOP] != 0, np.count_nonzero(x[:, 2 * HOP :])
    assert found["bins"].synaptic_events == int((given @ weight.T.astype(int)).sum())
    assert found["levels"].synaptic_events == found["levels"].entering == steps
    assert found["bins"].entering == np.count_nonzero(x)
    assert found["units"].dense_macs == 2 * 2 * LEVELS * BINS * len(x)
    fed = np.count_nonzero(sums) * 2 * LEVELS + steps * 2 * BINS
    assert found["units"].synaptic_events == fed
    assert found["units"].leaving == right.sum()


def test_it_fits_where_sums_can_be_sent(units, forms) -> None:
    assert suitable(forms) == BACKENDS
    x, _ = frames(units)
    assert fitted(forms, "loihi2", x)["misfit"] is None
    needs = {finding.limit: finding for finding in fit(forms.network, load_chip("loihi2"))}
    assert (needs["weight_bits"].needed, needs["payload_bits"].needed) == (8, 24)
    assert fitted(forms, "loihi1", x)["misfit"]
    assert energies(forms, x, "loihi1")["chips"]["loihi1"]["refused"]
