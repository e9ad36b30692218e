"""A LAPPED bundle of fewer bins: a smaller network, for sound whose treble would not fire."""

import json
import shutil
from pathlib import Path

import numpy as np

from export.folder import bundle_folder
from export.lapped_forms import form_hashes
from runtime.arrays import read_arrays
from runtime.bundle import EVIDENCE, MANIFEST, Bundle, open_bundle, write_manifest
from runtime.errors import ExportError
from runtime.lapped import chip
from runtime.lapped.model import NOMINAL_LEVELS, UNITS, WIDTH


def write_cut(bundle: Bundle, bins: int, folder: Path, overwrite: bool = False) -> Bundle:
    """Write the lowest `bins` of a LAPPED bundle as a bundle of its own, and open that.

    Its events are those of the whole bundle in these bins; its nets and its coder's tables are the
    same. It has no certificate and no measured quality yet. Raises `ExportError` for a bundle that
    is not LAPPED and for a number that it cannot be cut to, `OutputError` as `bundle_folder` does.
    """
    if not bundle.manifest.lapped:
        raise ExportError(f"{bundle.path}: is not a LAPPED bundle, so it has no bins to leave out")
    arrays = read_arrays(bundle.file(UNITS))
    most = arrays["theta"].shape[-1]
    if bins not in range(WIDTH, most, WIDTH):
        raise ExportError(f"{bins} bins: choose a multiple of {WIDTH} below {most}")
    cut = {name: array[..., :bins] for name, array in arrays.items()}
    manifest = json.loads((bundle.path / MANIFEST).read_text(encoding="utf8"))
    manifest |= {
        "name": f"{bundle.manifest.name}-{bins}",
        "units": 2 * bins * NOMINAL_LEVELS,
        "quality": {},
        "forms": form_hashes(chip.Units(cut["theta"].astype(np.int32), bundle.manifest.hop)),
    }
    with bundle_folder(folder, overwrite) as made:
        for name in bundle.manifest.files:
            if name not in (UNITS, *EVIDENCE):
                shutil.copyfile(bundle.file(name), made / name)
        np.savez_compressed(made / UNITS, **cut)  # type: ignore[arg-type]
        write_manifest(made, manifest)
    return open_bundle(folder)
