"""A graph in a chip's integers."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.options import DT, AsJson, Force, TimeStep


def quantise(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH.nir", help="A spiking NIR graph")],
    out: Annotated[Path, typer.Argument(metavar="OUT.net", help="The new netx file")],
    data: Annotated[
        Path,
        typer.Option(
            "--input", metavar="FILE.npy", help="Typical input to scale by, shape (T, ...)"
        ),
    ],
    dt: TimeStep = DT,
    chip: Annotated[
        str, typer.Option(metavar="NAME", help="Chip whose bit widths to keep to")
    ] = "loihi2",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Round a NIR graph to a chip's integers; count flipped spikes."""
    from neuromorphic import opening as networks
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal

    refuse_output(out, force, [graph, data])
    x = networks.read_input(data)
    with terminal.progress("quantise"):
        found = networks.quantised(graph, x, dt, chip, out, force)
    facts = networks.quantised_facts(found)
    if as_json:
        terminal.print_json(facts)
    else:
        layers = facts.pop("layers")
        terminal.show(str(out), facts, as_json)
        terminal.show_rows(layers)
