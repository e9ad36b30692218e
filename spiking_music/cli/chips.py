"""The chips and their published figures."""

from typing import Annotated

import typer

from spiking_music.cli.options import AsJson


def chips(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Show the figures of this chip")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the chips, or one chip's figures with their sources."""
    from spiking_music.cli import terminal
    from spiking_music.report.chips import chip_figures, chip_rows, figure_rows

    rows = chip_rows() if name is None else chip_figures(name)
    if as_json:
        terminal.print_json(rows)
    else:
        terminal.show_rows(rows if name is None else figure_rows(rows))
