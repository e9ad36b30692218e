"""A bundle's certificate: equal spikes on all back ends, counted on a probe and proved for all.

It holds no date, time or path: the same bundle, probe and versions give the same bytes.
"""

import dataclasses
import hashlib
import json
import platform
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from export.importers import NEEDED, is_installed, run_importer
from export.lapped_proof import LappedProof
from export.probe import Probe
from export.proof import Proof, prove, smallest_margin
from neuromorphic import simulate as back_ends
from neuromorphic.graphs.files import read_graph
from neuromorphic.integers.accumulators import Accumulator, accumulators
from neuromorphic.integers.exact import network_of
from neuromorphic.integers.network import run_network
from neuromorphic.integers.nir_forms import layers_of
from neuromorphic.opening import OpenNetwork, bundle_network
from runtime.bundle import EXACT, NETX, PORTABLE, Bundle
from runtime.errors import MissingPackageError, SimulationError, SpikingMusicError
from runtime.events import Bits
from runtime.files import replacing
from runtime.kinds import Progress, Stage

FORMAT = 1
FORMS = (EXACT, PORTABLE, NETX)
LAVA = ("lava-nc", "lava-dl")
ON_LAVA = ("lava", "lava-floating", "netx")
GRAPHS = {"nir": EXACT, "nir-lif": PORTABLE, "lava-floating": EXACT}  # others run the integers
NOT_INSTALLED = "not installed"

ALL = (*back_ends.BACKENDS, *(name for name in NEEDED if name != "rockpool"))  # which fails on LIF


@dataclass(frozen=True)
class Row:
    """The result of one back end on the probe.

    `wrong` of `entries` bits differ from the integer layer's; it is None if there is no result, and
    `note` says why. `file` of the bundle that was run; `versions` of the packages that ran it.
    """

    name: str
    file: str
    entries: int
    wrong: int | None
    note: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def agrees(self) -> bool:
        """Whether no bit differs; a back end that is not installed counts as agreeing."""
        return self.wrong == 0 or self.note == NOT_INSTALLED

    def as_shown(self) -> dict[str, Any]:
        """Return it as a row of a table."""
        versions = " ".join(f"{name} {version}" for name, version in self.versions.items())
        return {
            "back end": self.name,
            "file": self.file or "-",
            "entries": self.entries,
            "wrong": self.wrong,
            "": self.note or versions,
        }


@dataclass(frozen=True)
class Certificate:
    """Every back end's row, the proof, and which bundle and probe they refer to.

    `accumulators` say for which chips the proof holds too, since theirs may be narrower.
    """

    model: str
    files: Mapping[str, str]
    probe: Mapping[str, Any]
    rows: tuple[Row, ...]
    proof: Proof | LappedProof
    accumulators: tuple[Accumulator, ...]
    versions: Mapping[str, str]

    @property
    def holds(self) -> bool:
        """Whether the proof holds and no back end differs."""
        return self.proof.holds and all(row.agrees for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return the content of `certificate.json`."""
        data = dataclasses.asdict(self)
        return {
            "format": FORMAT,
            "holds": self.holds,
            **data,
            "rows": [dataclasses.asdict(row) | {"agrees": row.agrees} for row in self.rows],
            "proof": {"holds": self.proof.holds, **data["proof"]},
        }


@contextmanager
def silent(name: str) -> Iterator[Progress]:
    """A stage that shows nothing."""
    yield lambda share: None


def certify(
    bundle: Bundle,
    probe: Probe,
    names: Sequence[str] = ALL,
    known: Mapping[str, Bits] | None = None,
    pythons: Mapping[str, str] | None = None,
    stage: Stage = silent,
) -> Certificate:
    """Run the probe on the installed back ends and importers, and prove the bits for all inputs.

    The integer layers of the exact graph are the reference. `known` are spikes `(N, t) bool` that
    others computed for the probe's first `t` frames; `pythons` are interpreters that have an
    importer, by its name; `stage` takes each name and gives the function to call with its progress.
    Raises `BundleError` and `GraphError` for a bundle without a usable bottleneck.
    """
    layers, opened = layers_of(read_graph(bundle.file(EXACT))), bundle_network(bundle)
    network = network_of(layers)
    right = run_network(network, probe.payload)
    given = {} if probe.torch is None else {"torch": probe.torch}
    rows = [_compared(name, "", bits, right) for name, bits in {**given, **(known or {})}.items()]
    there = (*back_ends.suitable(opened), *NEEDED)
    for name in (name for name in names if name in there):
        with stage(name) as progress:
            if name in NEEDED:
                python = (pythons or {}).get(name)
                rows.append(_importer(bundle, name, probe, right, python, progress))
            else:
                rows.append(_back_end(opened, name, probe, right, progress))
    return Certificate(
        model=bundle.manifest.model_hash,
        files={name: digest for name, digest in bundle.manifest.files.items() if name in FORMS},
        probe={
            "frames": probe.payload.shape[1],
            "real_frames": probe.real,
            "entries": right.size,
            "smallest_margin": smallest_margin(layers, probe.payload),
            "sha256": hashlib.sha256(probe.payload.tobytes()).hexdigest(),
        },
        rows=tuple(rows),
        proof=prove(layers),
        accumulators=accumulators(network, probe.payload[:, : probe.real]),
        versions=versions_of("numpy", "nir") | {"python": platform.python_version()},
    )


def require_importers(pythons: Mapping[str, str]) -> None:
    """Raise `SpikingMusicError` if `pythons` names an unknown importer or a missing Python."""
    for name, python in pythons.items():
        if name not in NEEDED:
            raise SpikingMusicError(
                f"{name}: is not an importer; choose one of {', '.join(NEEDED)}"
            )
        if shutil.which(python) is None:
            raise SpikingMusicError(f"{name}={python}: not a Python that can be started")


def write_certificate(certificate: Certificate, path: Path, overwrite: bool = False) -> None:
    """Write a certificate as JSON; raises `OutputError` when `path` cannot be written."""
    text = json.dumps(certificate.as_json(), indent=2, allow_nan=False)
    with replacing(path, overwrite) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")


def _back_end(opened: OpenNetwork, name: str, probe: Probe, right: Bits, progress: Progress) -> Row:
    file = GRAPHS.get(name, EXACT if opened.file is None else NETX)
    try:
        found = back_ends.spikes(opened, probe.payload.T, cast(back_ends.Backend, name), progress)
    except MissingPackageError:
        return Row(name, file, right.size, None, NOT_INSTALLED)
    except SimulationError as error:
        return Row(name, file, right.size, None, str(error))
    return _compared(name, file, found, right, versions_of(*LAVA) if name in ON_LAVA else {})


def _importer(
    bundle: Bundle,
    importer: str,
    probe: Probe,
    right: Bits,
    python: str | None,
    progress: Progress,
) -> Row:
    if python is None and not is_installed(importer):
        return Row(importer, PORTABLE, right.size, None, NOT_INSTALLED)
    path, units = bundle.file(PORTABLE), len(right)
    try:
        found, versions = run_importer(
            importer, path, probe.payload.T, units, python or sys.executable, progress=progress
        )
    except SimulationError as error:
        return Row(importer, PORTABLE, right.size, None, str(error))
    return _compared(importer, PORTABLE, found, right, versions)


def _compared(
    name: str,
    file: str,
    found: npt.NDArray[np.generic],
    right: Bits,
    versions: Mapping[str, str] | None = None,
) -> Row:
    """Count the entries that differ from the correct 0 or 1; a double spike is wrong too."""
    expected = right[:, : found.shape[1]]
    wrong = int(np.count_nonzero(found != expected))
    return Row(name, file, expected.size, wrong, versions=versions or {})


def versions_of(*packages: str) -> dict[str, str]:
    """Return the installed version of each package."""
    return {package: metadata.version(package) for package in packages}
