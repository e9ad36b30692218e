"""The certificate of a LAPPED bundle: its units on every back end, on a recording of any length.

Back ends that take a frame in a step run all of it; those that are shown a frame once for each of
its levels (`neuromorphic.integers.lapped`) run the first frames and the worst cases.
"""

import platform
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import cast

import numpy as np
import onnxruntime

from export.certificate import (
    ALL,
    LAVA,
    NOT_INSTALLED,
    ON_LAVA,
    Certificate,
    Row,
    silent,
    versions_of,
)
from export.importers import NEEDED, is_installed, run_importer
from export.lapped_integers import integer_graph
from export.lapped_probe import Input, LappedProbe
from export.lapped_proof import prove_lapped
from neuromorphic import simulate as back_ends
from neuromorphic.graphs.files import write_graph
from neuromorphic.integers.accumulators import accumulators
from neuromorphic.integers.bundles import lapped_units
from neuromorphic.integers.lapped import portable_lapped, substeps
from neuromorphic.opening import OpenNetwork, bundle_network
from runtime.bundle import EXACT, NETX, PORTABLE, Bundle
from runtime.errors import MissingPackageError, SimulationError
from runtime.events import Bits, EventMatrix
from runtime.kinds import Progress, Stage
from runtime.lapped import chip
from runtime.lapped.model import UNITS
from runtime.scratch import scratch

FRAMES, LAVA_FRAMES = 128, 1024  # at a time; Lava takes seconds to start
SHOWN = 128  # frames of music for the back ends that are shown a frame once for each level
BY_LEVEL = ("nir", "nir-lif", "lava-floating", "netx", *NEEDED)
NAMES = ("torch", "onnx", *(name for name in ALL if name != "integer"))
FILES = {"nir": EXACT, "nir-lif": PORTABLE, "lava-floating": EXACT, "netx": NETX} | dict.fromkeys(
    NEEDED, PORTABLE
)

Run = Callable[[Input, Progress], Bits]
Spans = Sequence[tuple[int, int]]  # of frames


def certify_lapped(
    bundle: Bundle,
    probe: LappedProbe,
    names: Sequence[str] = NAMES,
    pythons: Mapping[str, str] | None = None,
    stage: Stage = silent,
) -> Certificate:
    """Run the probe on the installed back ends and importers, and prove the bits for all inputs.

    The integer network is the reference. `pythons` and `stage` are as for `certificate.certify`.
    """
    units, opened = lapped_units(bundle), bundle_network(bundle)
    total, real = len(probe.payload), probe.real
    whole, long = _cut(total, FRAMES), _cut(total, LAVA_FRAMES)
    shown = [(0, min(SHOWN, real)), (real, total)]
    with stage("integer") as progress:
        given = partial(back_ends.spikes, opened, backend="integer")
        parts = _run(probe, whole, lambda x, _: given(x), progress)
        right = EventMatrix.joined(map(EventMatrix.from_bits, parts), bundle.manifest.units)
    encoded = [(start, min(stop, real)) for start, stop in whole if start < real]
    rows = [_row("runtime", "", right, encoded, (probe.known.part(*span).bits for span in encoded))]
    for name in names:
        spans = shown if name in BY_LEVEL else long if name == "lava" else whole
        with stage(name) as progress:
            rows.append(_tried(name, probe, spans, right, opened, units, pythons or {}, progress))
    return Certificate(
        model=bundle.manifest.model_hash,
        files={UNITS: bundle.manifest.files[UNITS]},
        probe={"frames": total, "real_frames": real, "entries": right.cells},
        rows=tuple(rows),
        proof=prove_lapped(units),
        accumulators=accumulators(opened.network, probe.frames(0, min(real, FRAMES)).T),
        versions=versions_of("numpy", "nir", "onnxruntime") | {"python": platform.python_version()},
    )


def _cut(total: int, length: int) -> Spans:
    return [(start, min(start + length, total)) for start in range(0, total, length)]


def _tried(
    name: str,
    probe: LappedProbe,
    spans: Spans,
    right: EventMatrix,
    opened: OpenNetwork,
    units: chip.Units,
    pythons: Mapping[str, str],
    progress: Progress,
) -> Row:
    file = FILES.get(name, "")
    try:
        with _runner(name, opened, units, pythons.get(name)) as run:
            versions: dict[str, str] = versions_of(*LAVA) if name in ON_LAVA else {}
            return _row(name, file, right, spans, _run(probe, spans, run, progress), versions)
    except (MissingPackageError, ModuleNotFoundError):
        return Row(name, file, right.cells, None, NOT_INSTALLED)
    except SimulationError as error:
        return Row(name, file, right.cells, None, str(error))


@contextmanager
def _runner(name: str, opened: OpenNetwork, units: chip.Units, python: str | None) -> Iterator[Run]:
    """Yield the function from frames to events of a back end or importer."""
    if name == "torch":
        from train.lapped.reference import unit_events

        yield lambda x, _: unit_events(units, x)
    elif name == "onnx":
        levels = opened.network.units // (2 * units.bins)
        graph = integer_graph(units, levels).SerializeToString()
        session, samples = onnxruntime.InferenceSession(graph), 2 * units.hop
        yield (
            lambda x, _: (
                session.run(
                    None, {"payload": x[:, :samples].astype(np.int8), "steps": x[:, samples:]}
                )[0].T
            )
        )
    elif name in NEEDED:
        if python is None and not is_installed(name):
            raise MissingPackageError(f"{name} is not installed")
        with scratch() as folder:
            path = folder / PORTABLE
            write_graph(portable_lapped(units), path)

            def run(x: Input, progress: Progress) -> Bits:
                given = substeps(x, units)
                found, _ = run_importer(
                    name,
                    path,
                    given.x,
                    2 * units.bins,
                    python or sys.executable,
                    progress=progress,
                )
                return given.joined(found, opened.network.units, len(x))

            yield run
    else:
        backend = cast(back_ends.Backend, name)
        yield lambda x, progress: back_ends.spikes(opened, x, backend, progress)


def _run(probe: LappedProbe, spans: Spans, run: Run, progress: Progress) -> Iterator[Bits]:
    total = sum(stop - start for start, stop in spans)
    done = 0
    for start, stop in spans:

        def told(share: float, before: int = done, own: int = stop - start) -> None:
            progress((before + share * own) / total)

        yield run(probe.frames(start, stop), told)
        done += stop - start
        progress(done / total)


def _row(
    name: str,
    file: str,
    right: EventMatrix,
    spans: Spans,
    found: Iterable[Bits],
    versions: Mapping[str, str] | None = None,
) -> Row:
    wrong, entries = 0, 0
    for span, bits in zip(spans, found, strict=True):
        expected = right.part(*span)
        wrong += back_ends.differing(bits, expected.bits)
        entries += expected.cells
    return Row(name, file, entries, wrong, versions=versions or {})
