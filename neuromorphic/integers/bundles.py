"""The bottleneck of a bundle as integers."""

from pathlib import Path

from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.exact import network_of
from neuromorphic.integers.network import Network
from neuromorphic.integers.netx_reader import read_netx
from neuromorphic.integers.nir_forms import layers_of
from neuromorphic.integers.units import Units
from runtime.bundle import EXACT, NETX, Bundle


def bundle_integers(bundle: Bundle) -> Network[Units]:
    """The integers of a bundle: its netx file's, or its exact graph's where netx cannot hold them.

    netx holds a chain of layers only. Raises `BundleError` for a bundle without a bottleneck.
    """
    if (file := netx_file(bundle)) is not None:
        return read_netx(file)
    return network_of(layers_of(read_graph(bundle.file(EXACT))))


def netx_file(bundle: Bundle) -> Path | None:
    """The netx file of a bundle, where it has one."""
    return bundle.file(NETX) if NETX in bundle.manifest.files else None
