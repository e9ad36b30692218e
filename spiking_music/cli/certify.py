"""The same spikes in every tool."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.inputs import named
from spiking_music.cli.options import AsJson, Force


def certify(
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="BUNDLE", help="The bundle to certify", show_default="small"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE",
            help="File for the certificate",
            show_default="into BUNDLE, if one is given",
        ),
    ] = None,
    python: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH",
            help="Python that has an importer, e.g. sinabs=venv/bin/python; repeatable",
        ),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Check that every back end and NIR importer gives the same bits.

    The exit code is 1 if any bit differs.
    """
    from export.certificate import certify as certified
    from export.certificate import require_importers, write_certificate
    from export.evidence import make_probe, write_evidence
    from export.lapped_certificate import certify_lapped
    from export.lapped_probe import clips_probe
    from export.probe import read_probe
    from runtime.bundle import PAPER, PROBE, open_bundle
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal

    pythons = dict(named(text, "--python") for text in python or [])
    require_importers(pythons)
    if out is not None:
        refuse_output(out, force)
    opened = open_bundle(bundle or PAPER)
    probe = None
    if opened.manifest.lapped:
        with terminal.progress("probe"):
            frames = clips_probe(opened)
        found = certify_lapped(opened, frames, pythons=pythons, stage=terminal.progress)
    else:
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
        print("largest sum after the shift, and what the accumulators of the chips hold")
        terminal.show_rows([vars(chip) for chip in found.accumulators])
    if not found.holds:
        raise typer.Exit(1)
