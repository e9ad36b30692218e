"""Open a network of any origin, to run, quantise, fit, simulate and price it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from neuromorphic.chips.arithmetic import LAVA, Arithmetic, arithmetic
from neuromorphic.chips.catalogue import load_chip
from neuromorphic.energy import energies
from neuromorphic.fit import fitted
from neuromorphic.graphs import STEP
from neuromorphic.graphs.files import read_graph
from neuromorphic.graphs.graph import Graph
from neuromorphic.graphs.run import run_graph
from neuromorphic.integers.bundles import bundle_integers, netx_file
from neuromorphic.integers.exact import network_of
from neuromorphic.integers.fixed_point import Neuron
from neuromorphic.integers.forms import Forms
from neuromorphic.integers.network import Network
from neuromorphic.integers.netx import read_entry, read_netx, write_netx
from neuromorphic.integers.nir_forms import layers_of
from neuromorphic.quantise import Quantised, quantise
from neuromorphic.simulate import Backend, spikes
from runtime.arrays import read_array
from runtime.bundle import EXACT, PORTABLE, Bundle, open_bundle
from runtime.errors import GraphError, SpikingMusicError
from runtime.events import Bits
from runtime.kinds import Progress

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class OpenNetwork(Forms):
    """An opened network; inputs `x` are `(T, ...)`, with T steps.

    When integers are needed, a graph in floats is rounded to Lava's grid with the scales best for
    that `x`. `quantise` does so once, for a given chip; `rounding` says what it cost.
    """

    rounding: Quantised | None = None

    def run(self, x: npt.ArrayLike) -> Array:
        """Return the output: `(T, ...) float64` of a graph, `(T, N) bool` of integers alone."""
        if self.graph is not None and self.file is None:
            return run_graph(self.graph, x, self.dt)
        return spikes(self, np.asarray(x)).T

    def quantise(self, x: npt.ArrayLike | None = None, chip: str | None = None) -> "OpenNetwork":
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
        silence = np.zeros((1, *self.graph.input_shape))
        return self._rounded(self.graph, silence if x is None else np.asarray(x), widths)

    def fit(self, chip: str, x: npt.ArrayLike | None = None) -> dict[str, Any]:
        """Return whether it fits `chip`, on how many cores, and what binds; see `fit.fitted`."""
        given = None if x is None else np.asarray(x)
        return fitted(self.quantise(given), chip, given)

    def simulate(
        self, x: npt.ArrayLike, backend: Backend = "integer", progress: Progress | None = None
    ) -> Bits:
        """Return the spikes `(N, T) bool` of a back end for `x`; see `simulate.spikes`."""
        return spikes(self.quantise(x), np.asarray(x), backend, progress)

    def energy(self, x: npt.ArrayLike, chip: str | None = None) -> dict[str, Any]:
        """Return the counts of a run on `x` and its bill on each chip; see `energy.energies`.

        If the graph cannot be rounded, `unchecked` says why the chips' limits were not checked.
        """
        given, opened, unchecked = np.asarray(x), self, None
        try:
            opened = self.quantise(given)
        except GraphError as error:
            unchecked = str(error)
        return energies(opened, given, chip) | {"unchecked": unchecked}

    def save(self, path: Path, overwrite: bool = False) -> None:
        """Write the integers as a netx file; raises `GraphError` if it cannot hold the network."""
        write_netx(self.network, path, overwrite, self.entry)

    def _rounded(self, graph: Graph, x: Array, widths: Arithmetic) -> "OpenNetwork":
        found = quantise(graph, x, self.dt, widths)
        return replace(self, integers=found.network, entry=found.entry, rounding=found)


def open_network(path: Path | str, dt: float = STEP) -> OpenNetwork:
    """Open a bundle's bottleneck, a netx file, or a NIR graph, which takes steps of `dt` s.

    Raises `BundleError` or `GraphError` for what cannot be opened.
    """
    path = Path(path)
    if path.is_dir():
        return bundle_network(open_bundle(path))
    if path.suffix == ".net":
        return OpenNetwork(integers=read_netx(path), file=path, entry=read_entry(path), period=dt)
    if path.suffix != ".nir":
        raise GraphError(f"{path}: is not a network; give a bundle, a .net or a .nir file")
    return OpenNetwork(graph=read_graph(path), dt=dt, period=dt)


def bundle_network(bundle: Bundle) -> OpenNetwork:
    """Open a bundle's bottleneck in all its forms; a step is one frame of sound."""
    return OpenNetwork(
        graph=read_graph(bundle.file(EXACT)),
        portable=read_graph(bundle.file(PORTABLE)),
        integers=bundle_integers(bundle),
        file=netx_file(bundle),
        period=bundle.manifest.hop / bundle.manifest.sample_rate,
    )


def read_input(path: Path) -> Array:
    """Read an input `(T, ...)` of numbers from a `.npy` file; raises `SpikingMusicError`."""
    x = read_array(path)
    if x.dtype.kind not in "biuf" or x.ndim < 2 or not x.size:
        raise SpikingMusicError(f"{path}: numbers of shape (T, ...) are needed, with T steps")
    if not np.isfinite(x).all():
        raise SpikingMusicError(f"{path}: holds values that are not finite")
    return x


def _exact(graph: Graph) -> Network[Neuron] | None:
    try:
        return network_of(layers_of(graph))
    except GraphError:
        return None
