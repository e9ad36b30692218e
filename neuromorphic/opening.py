"""Open a network of any origin, to run, quantise, fit, simulate and price it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic, arithmetic
from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.graph_neurobench import graph_neurobench
from neuromorphic.energy import energies
from neuromorphic.fit import fitted
from neuromorphic.graphs import STEP
from neuromorphic.graphs.dialects import NIR, proposed
from neuromorphic.graphs.dialects import dialect as dialect_of
from neuromorphic.graphs.files import read_graph
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.run import Input, graph_values, run_graph
from neuromorphic.graphs.silence import remarks
from neuromorphic.graphs.synapses import Signals
from neuromorphic.integers.bundles import bundle_integers, lapped_units, netx_file
from neuromorphic.integers.exact import network_of
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.network import Network
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.netx_reader import read_entry, read_netx
from neuromorphic.integers.nir_forms import layers_of
from neuromorphic.integers.silence import silent
from neuromorphic.integers.units import Units
from neuromorphic.quantise import Quantised, quantise
from neuromorphic.simulate import Backend, spikes
from runtime.bundle import EXACT, PORTABLE, Bundle, is_bundle, open_bundle
from runtime.errors import GraphError
from runtime.kinds import Progress

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class OpenNetwork(Forms):
    """An opened network; inputs `x` are `(T, ...)`, with T steps.

    For a graph with several Inputs, `x` maps each one's name to its array.

    When integers are needed, a graph in floats is rounded to Lava's grid with the scales best for
    that `x`. `quantise` does so once, for a given chip; `rounding` says what it cost. `notes` say
    what was read differently from what the file declares, and which dialect it may be in.
    """

    rounding: Quantised | None = None
    notes: tuple[str, ...] = ()

    def run(self, x: Input) -> Array:
        """Return the output: `(T, ...) float64` of a graph, `(T, N) bool` of integers alone."""
        if self.graph is not None and self.file is None:
            return run_graph(self.graph, x, self.dt, self.dialect)
        return spikes(self, x).T

    def quantise(self, x: Input | None = None, chip: str | None = None) -> "OpenNetwork":
        """Return the graph on the grid of `chip`, or Lava's, with the scales best for `x`.

        Without `x`, the scales follow from the weights alone. A network that is on a grid already
        stays unchanged. Raises `GraphError` for a graph that cannot be run or rounded, `ChipError`
        for an unknown chip, and for one whose widths are not published.
        """
        if self.integers is not None or self.graph is None:
            return self
        widths = LAVA if chip is None else arithmetic(load_chip(chip))
        if x is None and (own := _exact(self.graph)) is not None:
            return replace(self, integers=own)
        silence = {stage.name: np.zeros((1, *stage.shape)) for stage in self.graph.inputs}
        return self._rounded(self.graph, silence if x is None else x, widths)

    def remarks(self, x: Input) -> list[str]:
        """Say of a run on `x` what makes it meaningless: see `silence` in graphs and integers."""
        if self.graph is None or self.file is not None:
            return silent(self.network, self.payload(x))
        return remarks(self.graph, graph_values(self.graph, x, self.dt, self.dialect), self.dt)

    def fit(self, chip: str, x: Input | None = None) -> dict[str, Any]:
        """Return whether it fits `chip`, on how many cores, and what binds; see `fit.fitted`."""
        return fitted(self.quantise(x), chip, x)

    def simulate(
        self, x: Input, backend: Backend = "integer", progress: Progress | None = None
    ) -> Signals:
        """Return the spikes `(N, T)` of a back end for `x`; see `simulate.spikes`."""
        return spikes(self.quantise(x), x, backend, progress)

    def energy(
        self, x: Input, chip: str | None = None, baseline: str | None = None
    ) -> dict[str, Any]:
        """Return the counts of a run on `x` and its bill on each chip; see `energy.energies`.

        If the graph cannot be rounded, `unchecked` says why the chips' limits were not checked.
        """
        opened, unchecked = self, None
        try:
            opened = self.quantise(x)
        except GraphError as error:
            unchecked = str(error)
        return energies(opened, x, chip, baseline=baseline) | {"unchecked": unchecked}

    def neurobench(self, x: Input) -> dict[str, Any]:
        """Return the metrics of NeuroBench for a run of the graph on `x`; see `graph_neurobench`.

        Raises `GraphError` for a file of integers.
        """
        if self.graph is None or self.file is not None:
            raise GraphError("NeuroBench's metrics need a graph in floats; give a .nir file")
        return graph_neurobench(self.graph, graph_values(self.graph, x, self.dt, self.dialect))

    def save(self, path: Path, overwrite: bool = False) -> None:
        """Write the integers as a netx file; raises `GraphError` if it cannot hold the network.

        If its units are no LIF, the error says how many spikes LIFs would send otherwise.
        """
        if self.rounding is not None and self.rounding.remark is not None:
            raise GraphError(f"a netx file holds LIFs alone, and {self.rounding.remark}")
        write_netx(self.network, path, overwrite, self.entry)

    def _rounded(self, graph: Graph, x: Input, widths: Arithmetic) -> "OpenNetwork":
        found = quantise(graph, x, self.dt, widths, self.dialect)
        return replace(self, integers=found.network, entry=found.entry, rounding=found)


def open_network(
    path: Path | str, dt: float | None = None, dialect: str | None = None
) -> OpenNetwork:
    """Open a bundle's bottleneck, a netx file, or a NIR graph in the dialect of a framework.

    A graph takes steps of `dt` s, by default the usual one of its dialect; see `graphs.dialects`.
    Without a dialect it is run as NIR says, and a note says if the file shows who made it. Raises
    `BundleError` or `GraphError` for what cannot be opened.
    """
    path = Path(path)
    bundled = path.is_dir() or is_bundle(path)
    if dialect is not None and (bundled or path.suffix == ".net"):
        raise GraphError(f"{path}: holds integers, which have no dialect; omit {dialect!r}")
    if dt is not None and bundled:
        raise GraphError(f"{path}: a step of a bundle is one frame of its sound; omit dt")
    if bundled:
        return bundle_network(open_bundle(path))
    if path.suffix == ".net":
        period = STEP if dt is None else dt
        return OpenNetwork(
            integers=read_netx(path), file=path, entry=read_entry(path), period=period
        )
    if path.suffix != ".nir":
        raise GraphError(f"{path}: is not a network; give a bundle, a .net or a .nir file")
    return open_graph(path, dt, dialect)


def open_graph(path: Path, dt: float | None = None, dialect: str | None = None) -> OpenNetwork:
    """Open a NIR file, whatever it is called: see `open_network`."""
    graph, spoken = read_graph(path), NIR if dialect is None else dialect_of(dialect)
    step = spoken.step if dt is None else dt
    notes = (*graph.notes, *(_proposal(graph) if dialect is None else ()))
    return OpenNetwork(graph=graph, dt=step, period=step, dialect=spoken, notes=notes)


def bundle_network(bundle: Bundle, units: int = 0) -> OpenNetwork:
    """Open a bundle's bottleneck in all its forms; a step is one frame of sound.

    A LAPPED bundle gets `units` where a recording needs more than its manifest says.
    """
    period = bundle.manifest.hop / bundle.manifest.sample_rate
    if bundle.manifest.lapped:
        integers = bundle_integers(bundle, units)
        return OpenNetwork(integers=integers, lapped=lapped_units(bundle), period=period)
    return OpenNetwork(
        graph=read_graph(bundle.file(EXACT)),
        portable=read_graph(bundle.file(PORTABLE)),
        integers=bundle_integers(bundle),
        file=netx_file(bundle),
        period=period,
    )


def _proposal(graph: Graph) -> Iterator[str]:
    if found := proposed(graph):
        name, by = found
        yield f"{by} speak of {name}; to run it as that does, --dialect {name} (docs/nir.md)"


def _exact(graph: Graph) -> Network[Units] | None:
    try:
        return network_of(layers_of(graph))
    except GraphError:
        return None
