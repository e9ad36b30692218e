"""Does a network fit a chip?"""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.options import (
    DT,
    AsJson,
    Steps,
)

FACTS = ("verdict", "sums_hold_for", "otherwise", "cores", "binds", "misfit")


def fit(
    net: Annotated[Path, typer.Argument(metavar="NET", help="A .nir, a .net, or a bundle")],
    chip: Annotated[str, typer.Option(metavar="NAME", help="A chip's name, or its .toml file")],
    data: Annotated[
        Path | None, typer.Option("--input", metavar="X.npy", help="(T, ...), to measure sums on")
    ] = None,
    dt: Steps = DT,
    as_json: AsJson = False,
) -> None:
    """Say whether a network fits a chip, on how many cores, and what binds; exit code 1 if not."""
    from neuromorphic import opening as networks
    from spiking_music.cli import terminal

    x = None if data is None else networks.read_input(data)
    with terminal.progress("fit"):
        found = networks.fitted(networks.open_network(net, x, dt), chip, x)
    if as_json:
        terminal.print_json(found)
    else:
        facts = {key: found[key] for key in FACTS}
        terminal.show(f"{net} on {chip}", facts, as_json)
        terminal.show_rows(networks.finding_rows(found))
    if found["misfit"]:
        raise typer.Exit(1)
