"""What a NIR graph of any origin costs on each chip, on one input."""

from dataclasses import asdict
from math import prod
from pathlib import Path
from typing import Any

import nir
import numpy as np

from neuromorphic.chips.catalogue import chip_names, load_chip
from neuromorphic.costs.graph_counts import count_graph
from neuromorphic.energy import priced
from neuromorphic.fit import fit_network, misfit, network_cores
from neuromorphic.integers.bounds import peak_sums
from neuromorphic.integers.nir_forms import read_graph
from neuromorphic.opening import Array, Opened, input_shape, payload_of, rounded_graph
from runtime.errors import GraphError, SpikingMusicError

SECONDS = 1.0  # of random spikes
LARGEST = 2**27  # numbers of them


def graph_energies(path: Path, x: Array, dt: float, chip: str | None = None) -> dict[str, Any]:
    """Return `counts` of each node on `x (T, ...)`, steps of `dt` s, and `chips` as `energies`.

    A graph whose every node can become units of a chip is held against the chips' limits, with the
    sums that `x` makes of it; for another one `unchecked` says why it is not. Raises `GraphError`
    for a graph that cannot be run, `ChipError` for a chip that does not exist.
    """
    chips = [load_chip(name) for name in (chip_names() if chip is None else (chip,))]
    graph = read_graph(path)
    layers = count_graph(graph, x, dt)
    if not layers:
        raise GraphError(f"{path}: has no weights and no neurons, so there is nothing to count")
    opened, unchecked = _opened(graph, x, dt)
    peaks = peak_sums(opened.network, payload_of(opened, x)) if opened else {}
    found = {}
    for one in chips:
        cores, reason = None, None
        if opened is not None:
            bits = opened.payload_bits
            cores = network_cores(opened.network, one, bits)
            reason = misfit(fit_network(opened.network, one, bits, peaks))
        found[one.name] = priced(one, layers, len(x) * dt, cores, reason)
    return {
        "seconds": len(x) * dt,
        "steps": len(x),
        "unchecked": unchecked,
        "counts": {name: asdict(counts) for name, counts in layers.items()},
        "chips": found,
    }


def random_spikes(path: Path, rate: float, dt: float) -> Array:
    """Return spikes for the Input of a graph, `(T, ...) bool`: a second, the same each time.

    Every input spikes `rate` times a second on average. Raises `SpikingMusicError` for a rate below
    0 or above one spike a step of `dt` s, or steps of which there are too many or none.
    """
    shape = input_shape(read_graph(path))
    if not 0 < dt < SECONDS or prod(shape) * SECONDS / dt > LARGEST:
        raise SpikingMusicError(f"dt is {dt:g} s: choose a step that fits {SECONDS:g} s of spikes")
    if not 0 <= rate * dt <= 1:
        raise SpikingMusicError(
            f"a rate of {rate:g} Hz: choose from 0 to {1 / dt:g} Hz, at most one spike a step"
        )
    return np.random.default_rng(0).random((round(SECONDS / dt), *shape)) < rate * dt


def count_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row of text for each node of `graph_energies`."""
    return [
        {
            "node": name,
            "arriving": f"{counts['input_words']:,}",
            "synaptic events": f"{counts['synaptic_events']:,}",
            "of dense": f"{counts['synaptic_events'] / counts['dense_macs']:.2%}"
            if counts["dense_macs"]
            else "-",
            "updates driven": f"{counts['driven_updates']:,}",
            "idle": f"{counts['idle_updates']:,}",
            "spikes": f"{counts['spikes']:,}",
        }
        for name, counts in found["counts"].items()
    ]


def _opened(graph: nir.NIRGraph, x: Array, dt: float) -> tuple[Opened | None, str | None]:
    try:
        return rounded_graph(graph, x, dt), None
    except GraphError as error:
        return None, str(error)
