"""Networks of any origin: opened, rounded to a chip's grid, and held against its limits."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic, arithmetic
from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.counts import PAYLOAD_BITS
from neuromorphic.fit import EXCEEDED, OK, UNCHECKED, Finding, binding, fit_network, misfit
from neuromorphic.integers.bounds import peak_sums
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.network import Network, bottleneck, checked_payload
from neuromorphic.integers.netx import read_entry, read_network, write_network
from neuromorphic.integers.nir_forms import STEP, layer_of, read_graph
from neuromorphic.integers.rounding import Entry
from neuromorphic.quantise import Quantised, by_unit, quantise, to_payload
from runtime.arrays import read_array
from runtime.bundle import open_bundle
from runtime.errors import GraphError, SpikingMusicError

Array = npt.NDArray[Any]

THIS_INPUT = "this input alone"


@dataclass(frozen=True, eq=False)
class Opened:
    """A network on the grid, how its input is scaled, and the graph it was rounded from."""

    network: Network[Neuron]
    entry: Entry | None = None
    graph: nir.NIRGraph | None = None
    quantised: Quantised | None = None

    @property
    def payload_bits(self) -> int:
        """The bits of what its input takes; those of a payload where nobody says."""
        return PAYLOAD_BITS if self.entry is None else self.entry.bits


def open_network(
    path: Path, x: Array | None = None, dt: float = STEP, widths: Arithmetic = LAVA
) -> Opened:
    """Open a bundle, a netx file or a NIR graph; a graph is rounded to the grid, best for `x`.

    Without `x (T, ...)` the scales of a graph follow from its weights alone. Raises `BundleError`
    or `GraphError` for what cannot be opened.
    """
    if path.is_dir():
        return Opened(read_network(open_bundle(path).file("bottleneck.net")))
    if path.suffix == ".net":
        return Opened(read_network(path), read_entry(path))
    if path.suffix != ".nir":
        raise GraphError(f"{path}: is no network; give a bundle, a .net or a .nir file")
    graph = read_graph(path)
    if x is None:
        x, on_grid = np.zeros((1, *input_shape(graph))), _bottleneck_of(graph)
        if on_grid is not None:
            return Opened(on_grid, graph=graph)
    return rounded_graph(graph, x, dt, widths)


def rounded_graph(graph: nir.NIRGraph, x: Array, dt: float, widths: Arithmetic = LAVA) -> Opened:
    """Round a graph to the grid, best for `x (T, ...)`; raises `GraphError` where it cannot be."""
    found = quantise(graph, x, dt, widths)
    return Opened(found.network, found.entry, graph, found)


def read_input(path: Path) -> Array:
    """Read an input `(T, ...)` of numbers from a `.npy` file; raises `SpikingMusicError`."""
    x = read_array(path)
    if x.dtype.kind not in "biuf" or x.ndim < 2 or not x.size:
        raise SpikingMusicError(f"{path}: numbers (T, ...) are needed, T steps of what goes in")
    if not np.isfinite(x).all():
        raise SpikingMusicError(f"{path}: holds values that are not finite")
    return x


def payload_of(opened: Opened, x: Array) -> npt.NDArray[np.integer[Any]]:
    """Return `x (T, ...)` as the integers `(M, T)` that spikes carry into the network.

    Raises `GraphError` for fractions where the network does not say how to scale them.
    """
    floats = by_unit(np.asarray(x, np.float64))
    if opened.entry is not None:
        return to_payload(floats, opened.entry.exponent)
    if not np.array_equal(floats, np.round(floats)):
        raise GraphError("the input holds fractions; this network takes the integers spikes carry")
    payload = floats.astype(np.int64)
    checked_payload(opened.network, payload, LAVA)
    return payload


def fitted(opened: Opened, chip: str, x: Array | None = None) -> dict[str, Any]:
    """Return `verdict`, `cores`, which limit `binds`, the `misfit` in words, and all `findings`.

    Sums must hold the worst case over all inputs, or with `x (T, ...)` what that makes of them:
    `sums_hold_for` says which, and `otherwise` what other inputs than `x` would exceed. The verdict
    is ok only where every limit is known and met; `unchecked` says that no known one is exceeded.
    Raises `ChipError` for a chip that does not exist.
    """
    description = load_chip(chip)
    peaks = None if x is None else peak_sums(opened.network, payload_of(opened, x))
    worst = fit_network(opened.network, description, opened.payload_bits)
    findings = fit_network(opened.network, description, opened.payload_bits, peaks)
    all_inputs = "all inputs of " + (
        f"{opened.payload_bits} bits" if opened.payload_bits > 1 else "plain spikes"
    )
    other = None if misfit(findings) else misfit(worst)
    bound = binding(findings)
    return {
        "chip": chip,
        "verdict": _verdict(findings),
        "sums_hold_for": None if misfit(findings) else THIS_INPUT if other else all_inputs,
        "otherwise": other,
        "cores": next((f.needed for f in findings if f.limit == "cores"), None),
        "binds": bound.limit if bound else None,
        "misfit": misfit(findings),
        "findings": [asdict(finding) for finding in findings],
    }


def finding_rows(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row of text for each limit of `fitted`."""
    keys = ("limit", "needed", "allowed", "verdict", "kind", "layer")
    return [
        {key: finding[key] for key in keys}
        | {key: _whole(finding[key]) for key in ("needed", "allowed")}
        for finding in found["findings"]
    ]


def _whole(number: float | None) -> str:
    return "-" if number is None else f"{number:,.0f}"


def quantised(graph: Path, x: Array, dt: float, chip: str, out: Path, force: bool) -> Quantised:
    """Round a NIR graph to the grid of `chip` and write it as a netx file.

    Raises `GraphError` for a graph that cannot be run or stored so, `ChipError` for a chip whose
    widths are not published, `OutputError` when `out` cannot be written.
    """
    found = quantise(read_graph(graph), x, dt, arithmetic(load_chip(chip)))
    write_network(found.network, out, force, found.entry)
    return found


def quantised_facts(found: Quantised) -> dict[str, Any]:
    """Return what `quantise` found as a table has it."""
    return {
        "input_exponent": found.entry.exponent,
        "payload_bits": found.entry.bits,
        "compared": found.compared,
        "flips": found.flips,
        "flip_rate": found.flips / found.compared,
        "layers": [asdict(report) for report in found.layers],
    }


def _bottleneck_of(graph: nir.NIRGraph) -> Network[Neuron] | None:
    try:
        return bottleneck(layer_of(graph))
    except GraphError:
        return None


def input_shape(graph: nir.NIRGraph) -> tuple[int, ...]:
    """Return the shape of what a graph is given in one step."""
    (entry,) = (node for node in graph.nodes.values() if isinstance(node, nir.Input))
    return tuple(int(size) for size in np.ravel(entry.input_type["input"]))


def _verdict(findings: tuple[Finding, ...]) -> str:
    if misfit(findings):
        return EXCEEDED
    # A budget that is exceeded makes it slower, not impossible.
    known = [f.verdict != UNCHECKED for f in findings]
    return OK if findings and all(known) else UNCHECKED
