"""Does a network fit a chip?"""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.inputs import network_input, opened_network, refuse_idle
from spiking_music.cli.options import AsJson, Dialect, Frame, InputFile, TimeStep

FACTS = ("verdict", "sums_hold_for", "otherwise", "cores", "chips", "binds", "misfit")


def fit(
    net: Annotated[
        Path, typer.Argument(metavar="NET", help="A .nir file, a .net file or a bundle")
    ],
    chip: Annotated[
        str, typer.Option(metavar="NAME", help="Name of a chip, or a .toml file of your own")
    ],
    data: InputFile = None,
    dt: TimeStep = None,
    dialect: Dialect = None,
    frame: Frame = None,
    as_json: AsJson = False,
) -> None:
    """Check whether a network fits a chip, and on how many cores.

    With --input, the largest sums that occur on it are checked too. The exit code is 1 if it does
    not fit.
    """
    from spiking_music.cli import terminal
    from spiking_music.report.networks import finding_rows

    if net.suffix == ".net":
        refuse_idle("integers", dt=dt)
    opened = opened_network(net, dt, dialect, frame)
    x = network_input(data, opened) if data else None
    with terminal.progress("fit"):
        found = opened.fit(chip, x)
    if as_json:
        terminal.print_json(found)
    else:
        facts = {key: found[key] for key in FACTS}
        terminal.show(f"{net} on {chip}", facts, as_json)
        terminal.show_rows(finding_rows(found))
    if found["misfit"]:
        raise typer.Exit(1)
