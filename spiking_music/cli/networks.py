"""Networks of any origin on chips: rounded to their grid, and held against their limits."""

from pathlib import Path
from typing import Annotated

import typer

from spiking_music.cli.app import DT, AsJson, Force, Steps, app

FACTS = ("verdict", "sums_hold_for", "otherwise", "cores", "binds", "misfit")


@app.command()
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


@app.command()
def quantise(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH.nir", help="A spiking NIR graph")],
    out: Annotated[Path, typer.Argument(metavar="OUT.net", help="A new netx file")],
    data: Annotated[
        Path, typer.Option("--input", metavar="X.npy", help="(T, ...): what to scale it by")
    ],
    dt: Steps = DT,
    chip: Annotated[str, typer.Option(metavar="NAME", help="Whose widths to keep to")] = "loihi2",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Round a graph to a chip's integers and count the spikes that this flips."""
    from neuromorphic import opening as networks
    from spiking_music.cli import terminal

    terminal.refuse_existing(out, force)
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
