"""NIR graphs of any origin, and the certificate of a bundle's own."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.app import AsJson, Force, app
from spiking_music.cli.inputs import named


@app.command()
def nir(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH.nir", help="A NIR file")],
    run: Annotated[
        Path | None, typer.Option(metavar="IN.npy", help="Run it on this input, (T, ...)")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="OUT.npy", help="For what comes out")
    ] = None,
    dt: Annotated[float, typer.Option(metavar="SECONDS", help="Of a step")] = 1e-4,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Check a feed-forward NIR graph and say what is in it, or run it."""
    from neuromorphic.graphs.files import read_graph
    from neuromorphic.graphs.run import run_graph
    from neuromorphic.graphs.summary import summary
    from runtime.arrays import read_array, write_array
    from runtime.errors import SpikingMusicError
    from spiking_music.cli import terminal

    if (run is None) != (out is None):
        raise SpikingMusicError("--run IN.npy and --out OUT.npy come together")
    if out is not None:
        terminal.refuse_existing(out, force)
    checked = read_graph(graph)
    rows = summary(checked)
    facts: dict[str, object] = {"nodes": rows}
    if run is not None and out is not None:
        with terminal.progress("run"):
            found = run_graph(checked, read_array(run), dt)
        write_array(found, out, force)
        facts |= {"out": str(out), "shape": list(found.shape), "dt_s": dt}
    if as_json:
        terminal.print_json(facts)
        return
    terminal.show_rows([{name: _shown(value) for name, value in row.items()} for row in rows])
    if out is not None:
        print(f"{out}: {found.shape}, {int((found != 0).sum())} values that are not 0")


@app.command()
def certify(
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: the shipped one]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="[default: into the bundle given]"),
    ] = None,
    python: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=PATH", help="The Python that has an importer; repeat it"),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Count the bits that any back end or NIR importer computes differently; exit code 1 if any."""
    from export.certificate import PROBE, require_importers, write_certificate
    from export.certificate import certify as certified
    from export.evidence import make_probe, write_evidence
    from export.probe import read_probe
    from runtime.bundle import open_bundle
    from spiking_music.cli import terminal

    pythons = dict(named(text, "--python") for text in python or [])
    require_importers(pythons)
    if out is not None:
        terminal.refuse_existing(out, force)
    opened = open_bundle(bundle)
    has_probe = PROBE in opened.manifest.files
    with terminal.progress("probe"):
        probe = read_probe(opened.file(PROBE)) if has_probe else make_probe(opened)
    found = certified(opened, probe, pythons=pythons, stage=terminal.progress)
    if out is not None:
        write_certificate(found, out, force)
    elif bundle is not None:
        write_evidence(opened, probe, found)
    if as_json:
        terminal.print_json(found.as_json())
    else:
        terminal.show_rows([row.as_shown() for row in found.rows])
        terminal.show(
            "proof, for all inputs", vars(found.proof) | {"holds": found.proof.holds}, False
        )
        print("the largest sum, after the shift, and what the accumulators of chips hold")
        terminal.show_rows([vars(chip) for chip in found.accumulators])
    if not found.holds:
        raise typer.Exit(1)


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {low:.4g}..{high:.4g}" for name, (low, high) in value.items())
    if isinstance(value, list):
        return (
            " x ".join(map(str, value))
            if value and isinstance(value[0], int)
            else " + ".join(value)
        )
    return str(value)
