"""Everything on a network, on one page."""

from pathlib import Path
from typing import Annotated

import typer

from runtime.errors import OutputError
from spiking_music.cli.inputs import named, network_input, note, opened_network, read_from, typed
from spiking_music.cli.options import Dialect, Force, Frame, TimeStep


def inspect(
    net: Annotated[
        Path, typer.Argument(metavar="NET", help="A .nir file, a .net file or a bundle")
    ],
    data: Annotated[
        list[str],
        typer.Option(
            "--input",
            metavar="FILE",
            help="Input of the network, (T, ...) (docs/nir.md, Inputs); NAME=FILE for each of "
            "several",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option("--out", "-o", metavar="PAGE.html", help="The page; a .json goes beside it"),
    ],
    dt: TimeStep = None,
    dialect: Dialect = None,
    frame: Frame = None,
    python: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=PATH", help="Python that has an importer (see certify); repeatable"
        ),
    ] = None,
    force: Force = False,
) -> None:
    """Draw a network, its spikes, its chips and its bill on a page.

    The page needs nothing beside it. The JSON file has every number.
    """
    from export.certificate import require_importers
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal
    from spiking_music.report.inspection import inspected, write_inspection
    from spiking_music.report.inspection_page import inspection_page

    pythons = dict(named(text, "--python") for text in python or [])
    require_importers(pythons)
    if out.suffix.lower() not in (".html", ".htm"):
        raise OutputError(f"{out}: the page is HTML; give it a name that ends in .html")
    for path in (out, out.with_suffix(".json")):
        refuse_output(path, force, [net, *read_from(data)])
    opened = opened_network(net, dt, dialect, frame)
    x = network_input(data, opened)
    found = inspected(net, opened, x, typed(), pythons, terminal.progress)
    for remark in found.report["remarks"]:
        note(remark)
    with terminal.progress("draw"):
        text = inspection_page(found)
    write_inspection(found, text, out, force)
    print(f"{out}: {len(found.report['nodes'])} nodes, {found.report['steps']:,} steps")
