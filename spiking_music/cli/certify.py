"""The same spikes in every tool."""

import json
from pathlib import Path
from typing import Annotated

import typer

from runtime.errors import SpikingMusicError
from spiking_music.cli.inputs import (
    named,
    network_input,
    note,
    opened_network,
    read_from,
    refuse_idle,
)
from spiking_music.cli.options import AsJson, Dialect, Force, Frame, InputFile, TimeStep


def certify(
    bundle: Annotated[
        Path | None,
        typer.Argument(metavar="BUNDLE", help="The bundle, or a NIR file", show_default="small"),
    ] = None,
    data: InputFile = None,
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
    dt: TimeStep = None,
    dialect: Dialect = None,
    frame: Frame = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Check that every back end and NIR importer gives the same bits.

    A NIR file needs --input; it is run as every framework reads it, and what differs is explained.
    The exit code is 1 if any bit differs.
    """
    if bundle is not None and bundle.suffix == ".nir":
        certify_network(bundle, data, out, python or [], dt, dialect, frame, force, as_json)
        return
    if bundle is not None and bundle.suffix == ".net":
        raise SpikingMusicError(
            f"{bundle}: holds integers, which no framework imports; give simulate --backend netx"
        )
    refuse_idle("a bundle", input=data or None, dt=dt, dialect=dialect, frame=frame)
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
        terminal.say("largest sum after the shift, and what the accumulators of the chips hold")
        terminal.show_rows([vars(chip) for chip in found.accumulators])
    if not found.holds:
        raise typer.Exit(1)


def certify_network(
    path: Path,
    data: list[str] | None,
    out: Path | None,
    python: list[str],
    dt: float | None,
    dialect: str | None,
    frame: float | None,
    force: bool,
    as_json: bool,
) -> None:
    """A NIR file of any origin as every framework reads it."""
    from export.certificate import require_importers
    from export.graph_certificate import certify_graph
    from runtime.files import replacing
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal
    from spiking_music.report.readings import back_end_rows, pair_rows, reading_rows

    if not data:
        raise SpikingMusicError(f"{path}: a network needs an input; give --input FILE")
    pythons = dict(named(text, "--python") for text in python)
    require_importers(pythons)
    if out is not None:
        refuse_output(out, force, [path, *read_from(data)])
    opened = opened_network(path, dt, dialect, frame)
    x = network_input(data, opened)
    found = certify_graph(path, opened, x, pythons, terminal.progress)
    if out is not None:
        text = json.dumps(found.as_json(), indent=2, allow_nan=False)
        with replacing(out, force) as temporary:
            temporary.write_text(text + "\n", encoding="utf-8")
    for remark in opened.remarks(x):
        note(remark)
    if as_json:
        terminal.print_json(found.as_json())
    else:
        print(
            f"{path} on {found.steps:,} steps as {found.reference} at {found.dt:g} s: "
            f"{found.spikes:,} spikes in {found.entries:,} outputs"
        )
        terminal.show_rows(reading_rows(found))
        print("\nOutputs in which two of them differ")
        terminal.show_rows(pair_rows(found))
        print("\nIn a chip's integers")
        terminal.show_rows(back_end_rows(found))
    if not found.agrees:
        raise typer.Exit(1)
