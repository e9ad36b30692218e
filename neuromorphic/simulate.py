"""Run a network on several back ends, and count in how many bits they differ."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, get_args

import numpy as np

from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.run import Input, given_out, graph_values
from neuromorphic.graphs.synapses import Signals
from neuromorphic.integers.firing import AS_LIF
from neuromorphic.integers.floating_point import FloatNeuron
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.network import Network, run_network
from neuromorphic.integers.units import Units
from runtime.errors import GraphError
from runtime.kinds import Progress, Stage
from runtime.lapped import chip
from runtime.scratch import scratch

Backend = Literal["nir", "nir-lif", "integer", "lava", "lava-floating", "netx"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)
QUICK: tuple[Backend, ...] = ("nir", "integer", "lava")  # those fast enough for the demo
REFERENCES: tuple[Backend, ...] = ("nir", "integer")
BY_FRAME = ("integer", "lava")  # of a LAPPED bundle; the others take it level by level


def spikes(
    forms: Forms, x: Input, backend: Backend = "integer", progress: Progress | None = None
) -> Signals:
    """Return the spikes `(N, T)` of one back end for `x (T, ...)`, or one `x` for each Input.

    They are bool, or counts, int32, where units may send several in a step.

    `nir` and `nir-lif` run the graph and its portable form in float64, `integer` runs the integers.
    The others are Lava in a separate process: stock processes in fixed and in floating point, and
    the netx file as lava-dl reads it. Only these are slow enough to report `progress`, 0..1.
    Raises `GraphError` if the network does not have the form needed or the input does not fit,
    `MissingPackageError` if Lava is not installed, `SimulationError` if it fails.
    """
    if forms.lapped is not None and backend not in BY_FRAME:
        return _by_level(forms, forms.lapped, x, backend, progress)
    match backend:
        case "nir":
            return _fires(_needed(forms.graph, backend), x, forms)
        case "nir-lif":
            return _fires(_needed(forms.portable, backend), x, forms)
        case "integer":
            return run_network(forms.network, forms.payload(x))
    if forms.integers is not None:
        _require_no_cycle(forms.network, forms.payload(x))
    # Each back end imports its own packages, so that integers work without Lava.
    from neuromorphic.integers.lowering import lower
    from neuromorphic.lava import driver

    if backend == "lava-floating":
        floats = lower(_needed(forms.graph, backend), forms.dt, forms.dialect)
        _require_stock(floats)
        given = forms.signals(x).astype(np.float64)
        return driver.run_on_lava(floats, given, "floating", progress=progress)
    payload = forms.payload(x)
    if backend == "lava":
        return driver.run_on_lava(forms.network, payload, progress=progress)
    if forms.file is not None:
        return driver.run_netx(
            forms.file, forms.network, payload, progress=progress, bits=forms.payload_bits
        )
    from neuromorphic.integers.netx import write_netx

    with scratch() as folder:
        path = folder / "network.net"
        write_netx(forms.network, path, entry=forms.entry)
        return driver.run_netx(
            path, forms.network, payload, progress=progress, bits=forms.payload_bits
        )


def _require_no_cycle(network: Network[Units], payload: Signals) -> None:
    """Raise `GraphError` if each synapse takes a step on Lava that the graph does not have."""
    for source, target in network.returns[:1]:
        differ = differing(
            run_network(network, payload, on_chip=True), run_network(network, payload)
        )
        raise GraphError(
            f"node {network.layers[target].name!r}: is on a cycle with "
            f"{network.layers[source].name!r}; on Lava each synapse of it takes a step, so that "
            f"{differ} output spikes would differ; use --backend integer"
        )


def _by_level(
    forms: Forms, units: chip.Units, x: Input, backend: Backend, progress: Progress | None
) -> Signals:
    from neuromorphic.integers.lapped import file_forms, substeps

    frames = forms.signals(x).T
    shown = substeps(frames, units)
    found = spikes(file_forms(units, backend), shown.x, backend, progress)
    return shown.joined(found, forms.network.units, len(frames))


def suitable(forms: Forms) -> tuple[Backend, ...]:
    """Return the back ends that surely run a network; netx is left out if it may not hold it."""
    if forms.lapped is not None:
        return BACKENDS
    there = {
        "nir": forms.graph is not None,
        "nir-lif": forms.portable is not None,
        "lava-floating": forms.graph is not None and forms.dialect.is_lif,
        "netx": forms.file is not None,
    }
    return tuple(backend for backend in BACKENDS if there.get(backend, True))


def agreement(
    forms: Forms, x: Input, backends: Sequence[Backend], stage: Stage
) -> list[dict[str, Any]]:
    """Return a row for each back end: its spikes, and in how many bits it differs from two others.

    `from_nir` compares with the float graph, which rounding to the grid changes; `from_integer`
    with our integer executor, from which a chip must not differ. `stage` takes each name and gives
    the function to call with its progress. Raises what `spikes` raises.
    """
    found: dict[Backend, Signals] = {}
    references = [name for name in REFERENCES if name in suitable(forms)]
    for backend in dict.fromkeys((*references, *backends)):
        with stage(backend) as progress:
            found[backend] = spikes(forms, x, backend, progress)
    return [
        {
            "backend": backend,
            "compared": found[backend].size,
            "spikes": int(found[backend].sum()),
            **{f"from_{name}": _differing(found, backend, name) for name in REFERENCES},
        }
        for backend in backends
    ]


def differing(one: Signals, other: Signals) -> int:
    """Return in how many entries two matrices of spikes `(N, T)` differ."""
    return int(np.count_nonzero(one != other))


def _differing(found: Mapping[Backend, Signals], one: Backend, other: Backend) -> int | None:
    return differing(found[one], found[other]) if other in found else None


def _fires(graph: Graph, x: Input, forms: Forms) -> Signals:
    sent = given_out(graph, graph_values(graph, x, forms.dt, forms.dialect))
    return sent.round().astype(np.int32) if forms.dialect.many else sent > 0.5


def _require_stock(floats: Network[FloatNeuron]) -> None:
    for layer in floats.layers:
        if layer.neuron.firing != AS_LIF:
            raise GraphError(
                f"node {layer.name!r}: its units {layer.neuron.firing}, which Lava's LIF in floats "
                "does not; use --backend lava, which runs them in integers"
            )


Form = TypeVar("Form")


def _needed(form: Form | None, backend: Backend) -> Form:
    if form is None:
        raise GraphError(
            "nir-lif is only for bundles; use nir"
            if backend == "nir-lif"
            else f"a .net file holds integers; {backend} needs a .nir file"
        )
    return form
