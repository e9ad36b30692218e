"""The bottleneck of a bundle as integers."""

from pathlib import Path

from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.exact import network_of
from neuromorphic.integers.lapped import lapped_network
from neuromorphic.integers.network import Network
from neuromorphic.integers.netx_reader import read_netx
from neuromorphic.integers.nir_forms import layers_of
from neuromorphic.integers.units import Units
from runtime.bundle import EXACT, NETX, Bundle
from runtime.lapped import chip
from runtime.lapped.model import read_units


def bundle_integers(bundle: Bundle, units: int = 0) -> Network[Units]:
    """The integers of a bundle: its netx file's, or its exact graph's where netx cannot hold them.

    netx holds a chain of layers only. A LAPPED bundle has as many units as its manifest says, or
    `units` if these are more. Raises `BundleError` for a bundle without a bottleneck.
    """
    if bundle.manifest.lapped:
        own = lapped_units(bundle)
        return lapped_network(own, max(units, bundle.manifest.units) // (2 * own.bins))
    if (file := netx_file(bundle)) is not None:
        return read_netx(file)
    return network_of(layers_of(read_graph(bundle.file(EXACT))))


def lapped_units(bundle: Bundle) -> chip.Units:
    """The units of a LAPPED bundle."""
    return read_units(bundle, bundle.manifest.hop)[0]


def netx_file(bundle: Bundle) -> Path | None:
    """The netx file of a bundle, where it has one."""
    return bundle.file(NETX) if NETX in bundle.manifest.files else None
