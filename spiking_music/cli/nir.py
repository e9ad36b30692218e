"""What is in a NIR graph, and what comes out of it."""

from pathlib import Path
from typing import Annotated

import typer

from neuromorphic.graphs import STEP
from runtime.errors import SpikingMusicError
from spiking_music.cli.options import AsJson, Force, TimeStep


def nir(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH.nir", help="A NIR file")],
    run: Annotated[
        Path | None,
        typer.Option(metavar="FILE.npy", help="Run the graph on this input, shape (T, ...)"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE.npy", help="File for the output of the run"),
    ] = None,
    dt: TimeStep = STEP,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Check a NIR graph and list its nodes, or run it."""
    from neuromorphic.graphs.files import read_graph
    from neuromorphic.graphs.run import run_graph
    from neuromorphic.graphs.summary import summary
    from runtime.arrays import read_array, write_array
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal

    if (run is None) != (out is None):
        raise SpikingMusicError("--run and --out belong together; give both or neither")
    if out is not None:
        refuse_output(out, force, filter(None, [graph, run]))
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
        print(f"{out}: {found.shape}, {int((found != 0).sum())} non-zero values")


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
