"""A graph in a chip's integers."""

from pathlib import Path
from typing import Annotated

import typer

from runtime.errors import GraphError
from spiking_music.cli.inputs import network_input, note, opened_network, read_from
from spiking_music.cli.options import AsJson, Dialect, Force, Frame, TimeStep


def quantise(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH.nir", help="A spiking NIR graph")],
    data: Annotated[
        list[str],
        typer.Option(
            "--input",
            metavar="FILE",
            help="Typical input, to find the scales (docs/nir.md); NAME=FILE for each of several",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Argument(metavar="OUT.net", help="The new netx file  [default: only a report]"),
    ] = None,
    dt: TimeStep = None,
    dialect: Dialect = None,
    frame: Frame = None,
    chip: Annotated[
        str, typer.Option(metavar="NAME", help="Chip whose bit widths to keep to")
    ] = "loihi2",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Round a NIR graph to a chip's integers; count flipped spikes."""
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal
    from spiking_music.report.networks import rounding_facts

    if out is not None:
        refuse_output(out, force, [graph, *read_from(data)])
    opened = opened_network(graph, dt, dialect, frame)
    x = network_input(data, opened)
    with terminal.progress("quantise"):
        found = opened.quantise(x, chip)
    if found.rounding is None:
        raise GraphError(f"{graph}: holds integers already")
    if out is not None:
        found.save(out, force)
    elif found.rounding.remark is not None:
        note(found.rounding.remark)
    for remark in opened.remarks(x):
        note(remark)
    facts = rounding_facts(found.rounding)
    if as_json:
        terminal.print_json(facts)
    else:
        layers = facts.pop("layers")
        terminal.show(str(out or graph), facts, as_json)
        terminal.show_rows(layers)
