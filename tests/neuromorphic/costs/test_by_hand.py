"""Ten small networks, every count of which is done again with loops over weights."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array

from neuromorphic.chips.catalogue import Chip, load_chip
from neuromorphic.costs.counts import count_runs, run_layers, total
from neuromorphic.costs.ledger import FAST, bill
from neuromorphic.costs.timing import timing
from neuromorphic.costs.work import work_of
from neuromorphic.graphs.sparse import Sparse
from neuromorphic.graphs.synapses import Conv1d, Dense
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.network import INPUT, SELF, Connection, Layer, Network
from neuromorphic.integers.units import Units
from neuromorphic.placement import place

NETS = range(10)
T = 12


def units(rng: np.random.Generator, number: int) -> Neuron:
    bias = rng.integers(-40, 41, number)
    return Neuron(4095, rng.integers(0, 4097, number), int(rng.integers(1, 60)), bias, 5)


def pruned(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return 2 * rng.integers(-9, 10, shape) * (rng.random(shape) < 0.6)


def a_network(seed: int) -> tuple[Network[Units], np.ndarray]:
    """A layer of any connection, one that hears itself, and one with a way around that."""
    rng = np.random.default_rng(seed)
    inputs, first, second = map(int, rng.integers(4, 9, 3))
    entry = [
        Dense(pruned(rng, first, inputs), -1),
        Sparse(csr_array(pruned(rng, first, inputs))),
        Conv1d(pruned(rng, 2, 1, 3) // 2, inputs, int(rng.integers(1, 3)), (1, 1)),
    ][seed % 3]
    first = entry.units
    layers = (
        Layer("in", (Connection(INPUT, entry),), units(rng, first)),
        Layer(
            "hidden",
            (
                Connection(0, Dense(pruned(rng, second, first), -1)),
                Connection(SELF, Dense(pruned(rng, second, second), -1)),
            ),
            units(rng, second),
        ),
        Layer(
            "out",
            (
                Connection(1, Dense(pruned(rng, 3, second), -1)),
                Connection(INPUT, Dense(pruned(rng, 3, inputs), -1)),
            ),
            units(rng, 3),
        ),
    )
    payload = rng.integers(-127, 128, (inputs, T)) * (rng.random((inputs, T)) < 0.4)
    return Network(layers), payload.astype(np.int8)


def small(chip: Chip) -> Chip:
    """The chip with three units a core, two cores a tile and six a chip, so that all is spread."""
    sizes = {"neurons_per_core": 3, "cores_per_tile": 2, "cores": 6}
    limits = {
        key: replace(chip.limits["cores"], value=float(size), low=float(size), high=float(size))
        for key, size in sizes.items()
    }
    return replace(chip, limits={**chip.limits, **limits})


def heard(network, payload, runs, number, connection):
    if connection.source == INPUT:
        return payload
    if connection.source == SELF:
        return np.pad(runs[number].fired, ((0, 0), (1, 0)))[:, :T]
    return runs[connection.source].fired


def events_in(value: int, plain: bool) -> int:
    """Events that a value is on a chip: one, or one for each bit of its two's complement."""
    return format(int(value) & 0xFF, "b").count("1") if plain else int(value != 0)


@pytest.mark.parametrize("seed", NETS)
def test_counts_are_those_of_loops_over_weights(seed: int) -> None:
    network, payload = a_network(seed)
    runs = run_layers(network, payload)
    for number, (layer, counts) in enumerate(
        zip(network.layers, count_runs(runs).values(), strict=True)
    ):
        words = synaptic = planes = by_plane = entering = driven = 0
        for t in range(T):
            hit = [False] * layer.units
            for c in layer.connections:
                given, matrix = heard(network, payload, runs, number, c), c.synapse.matrix()
                for m in range(c.synapse.inputs):
                    one, bits = (events_in(given[m, t], plain) for plain in (False, True))
                    words, planes = words + one, planes + bits
                    entering += one * (c.source == INPUT)
                    for n in range(layer.units):
                        if matrix[n, m]:
                            synaptic, by_plane = synaptic + one, by_plane + bits
                            hit[n] = hit[n] or bool(one)
            driven += sum(hit)
        assert (counts.input_words, counts.synaptic_events) == (words, synaptic)
        assert (counts.plane_spikes, counts.plane_events) == (planes, by_plane)
        assert (counts.driven_updates, counts.idle_updates) == (driven, T * layer.units - driven)
        assert counts.entering == entering
        assert counts.spikes == int(runs[number].fired.sum())
        assert counts.leaving == (counts.spikes if number == 2 else 0)


@pytest.mark.parametrize("name", ["loihi1", "loihi2"])
@pytest.mark.parametrize("seed", NETS)
def test_cores_hops_and_time_are_those_of_loops(seed: int, name: str) -> None:
    network, payload = a_network(seed)
    runs, chip = run_layers(network, payload), small(load_chip(name))
    plain = name == "loihi1"
    placed = place(network, chip)
    # Which core each unit is on: three to a core, no core with units of two layers.
    cores, first = [], 0
    for layer in network.layers:
        cores.append([first + n // 3 for n in range(layer.units)])
        first = cores[-1][-1] + 1
    assert (placed.cores, placed.chips) == (first, -(-first // 6))

    def tile(core: int) -> tuple[int, int]:
        chip_number, rest = divmod(core, 6)  # three tiles of two cores, in a grid of two by two
        return chip_number * 2 + rest // 2 % 2, rest // 2 // 2

    copies = hops = 0
    events = np.zeros((first, T))
    for number, layer in enumerate(network.layers):
        for c in layer.connections:
            given, matrix = heard(network, payload, runs, number, c), c.synapse.matrix()
            origin = number if c.source == SELF else c.source
            for t in range(T):
                for m in range(c.synapse.inputs):
                    sent = events_in(given[m, t], plain and c.source == INPUT)
                    reached = {cores[number][n] for n in range(layer.units) if matrix[n, m]}
                    start = (0, 0) if c.source == INPUT else tile(cores[origin][m])
                    copies += sent * max(len(reached), 1)
                    for core in reached:
                        x, y = tile(core)
                        hops += sent * (abs(x - start[0]) + abs(y - start[1]))
                    for n in range(layer.units):
                        events[cores[number][n], t] += sent * bool(matrix[n, m])
    work = work_of(runs, placed, graded=not plain)
    assert (work.copies, work.hops) == (copies, hops)
    assert (work.events == events).all()
    held = [sum(core == c for layer in cores for core in layer) for c in range(first)]
    assert work.units.tolist() == held

    counts = total(count_runs(runs).values())
    found = timing(chip, counts, work)
    for end in range(3):
        step, event, update = (
            chip.time[key].range()[end] for key in ("step", "synaptic_event", "neuron_update")
        )
        run, through = 0.0, 0.0
        for t in range(T):
            busy = [event * events[c, t] + update * held[c] for c in range(first)]
            run += step + max(busy)
            edges = [0, *(layer[-1] + 1 for layer in cores)]
            through += sum(step + max(busy[a:b]) for a, b in pairwise(edges))
        assert found.run[end] == pytest.approx(run)
        assert found.latency[end] == pytest.approx(3 * run / T)
        assert found.fall_through[end] == pytest.approx(through / T)
    assert found.latency[1] >= found.fall_through[1]

    bills = {t.name: t for t in bill(chip, count_runs(runs), 1.0, FAST, work).terms}
    assert bills["static"].mid_j == pytest.approx(0 + placed.chips * found.run[1] * POWER[name])
    if plain:
        assert (bills["message"].count, bills["hop"].count) == (copies + counts.leaving, hops)
    else:
        assert bills["step"].count == T * placed.chips


POWER = {"loihi1": 0.1044, "loihi2": 0.208}


def test_an_event_that_reaches_no_weight_costs_a_message_and_no_update() -> None:
    layer = Layer(
        "l", (Connection(INPUT, Dense(np.array([[2, 0]]), -1)),), a_network(0)[0].layers[2].neuron
    )
    layer = replace(layer, neuron=Neuron(4095, 4096, 1, np.zeros(1, np.int64), 0))
    payload = np.array([[0, 0, 0], [5, 5, 0]], np.int8)
    runs = run_layers(Network((layer,)), payload)
    counts = count_runs(runs)["l"]
    assert (counts.synaptic_events, counts.driven_updates, counts.idle_updates) == (0, 0, 3)
    chip = load_chip("loihi2")
    assert work_of(runs, place(Network((layer,)), chip), graded=True).copies == 2
