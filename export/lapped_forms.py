"""The units of a LAPPED bundle as NIR and netx files, which its folder does not hold."""

from pathlib import Path

from neuromorphic.graphs.files import write_graph
from neuromorphic.integers.bundles import lapped_units
from neuromorphic.integers.lapped import lapped_layer, layer_network, portable_lapped
from neuromorphic.integers.netx import write_netx
from neuromorphic.integers.nir_forms import exact_graph
from runtime.bundle import EXACT, NETX, PORTABLE, Bundle, sha256
from runtime.errors import ExportError
from runtime.lapped import chip
from runtime.outputs import refuse_outputs
from runtime.scratch import scratch

NAMES = (EXACT, PORTABLE, NETX)


def write_forms(bundle: Bundle, folder: Path, overwrite: bool = False) -> tuple[Path, ...]:
    """Write both NIR forms and the netx file, 25 MB for the shipped bundle; return their paths.

    See `neuromorphic.integers.lapped` for their input. Raises `ExportError` for a bundle that is
    not LAPPED, `OutputError` where a file exists and `overwrite` is off.
    """
    if not bundle.manifest.lapped:
        raise ExportError(f"{bundle.path}: has its NIR and netx files in its folder; copy them")
    refuse_outputs(folder, NAMES, overwrite)
    folder.mkdir(parents=True, exist_ok=True)
    return _written(lapped_units(bundle), folder, overwrite)


def form_hashes(units: chip.Units) -> dict[str, str]:
    """Return the SHA-256 of each file that `write_forms` makes of these units."""
    with scratch() as folder:
        return {path.name: sha256(path) for path in _written(units, folder, False)}


def _written(units: chip.Units, folder: Path, overwrite: bool) -> tuple[Path, ...]:
    exact, portable, netx = (folder / name for name in NAMES)
    write_graph(exact_graph([lapped_layer(units)]), exact, overwrite)
    write_graph(portable_lapped(units), portable, overwrite)
    write_netx(layer_network(units), netx, overwrite)
    return exact, portable, netx
