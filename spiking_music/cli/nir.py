"""What is in a NIR graph, and what comes out of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.errors import SpikingMusicError
from spiking_music.cli.inputs import note
from spiking_music.cli.options import AsJson, Dialect, Force, TimeStep

if TYPE_CHECKING:
    from neuromorphic.graphs.graph import Stage


def nir(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH.nir", help="A NIR file")],
    run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE.npy",
            help="Run the graph on this input, shape (T, ...); NAME=FILE.npy for each of several",
        ),
    ] = None,
    out: Annotated[
        list[str] | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE.npy",
            help="File for the output of the run; NAME=FILE.npy for each of several",
        ),
    ] = None,
    dt: TimeStep = None,
    dialect: Dialect = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Check a NIR graph and list its nodes, or run it."""
    from neuromorphic.graphs.run import graph_values
    from neuromorphic.graphs.silence import remarks
    from neuromorphic.graphs.summary import summary
    from neuromorphic.opening import open_graph
    from runtime.arrays import read_array, write_array
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal

    if bool(run) != bool(out):
        raise SpikingMusicError("--run and --out belong together; give both or neither")
    opened = open_graph(graph, dt, dialect)
    assert opened.graph is not None
    for remark in opened.notes:
        note(remark)
    given, wanted = (
        _files("--run", run, opened.graph.inputs),
        _files("--out", out, opened.graph.outputs),
    )
    for path in wanted.values():
        refuse_output(path, force, [graph, *given.values()])
    rows = summary(opened.graph)
    facts: dict[str, object] = {"nodes": rows, "notes": list(opened.notes)}
    if run:
        x = {name: read_array(path) for name, path in given.items()}
        with terminal.progress("run"):
            values = graph_values(opened.graph, x, opened.dt, opened.dialect)
        for name, path in wanted.items():
            write_array(values[name], path, force)
        said = remarks(opened.graph, values, opened.dt)
        for remark in said:
            note(remark)
        facts |= {
            "out": _each({name: str(path) for name, path in wanted.items()}),
            "shape": _each({name: values[name].shape for name in wanted}),
            "dt_s": opened.dt,
            "dialect": vars(opened.dialect),
            "remarks": said,
        }
    if as_json:
        terminal.print_json(facts)
        return
    terminal.show_rows([_shown(row) for row in rows])
    for name, path in wanted.items():
        print(f"{path}: {values[name].shape}, {int((values[name] != 0).sum())} non-zero values")


def _files(option: str, said: Sequence[str] | None, stages: Sequence["Stage"]) -> dict[str, Path]:
    """Return the file of each Input or Output, which is named where there are several."""
    names = [stage.name for stage in stages]
    if not said:
        return {}
    pairs = [text.partition("=") for text in said]
    found = {name: Path(path) for name, _, path in pairs if name in names and path}
    if not found and len(said) == len(names) == 1:
        return {names[0]: Path(said[0])}
    if len(found) != len(said) or set(found) != set(names):
        wanted = " ".join(f"{option} {name}=FILE.npy" for name in names)
        raise SpikingMusicError(f"{option} {' '.join(said)}: write {wanted}")
    return found


def _each(found: Mapping[str, object]) -> object:
    """Return what there is of each Output by its name; of one alone, as it is."""
    return next(iter(found.values())) if len(found) == 1 else found


def _shown(row: dict[str, object]) -> dict[str, str]:
    return {name: _text(value, row) for name, value in row.items() if name != "late"}


def _text(value: object, row: dict[str, object]) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {low:.4g}..{high:.4g}" for name, (low, high) in value.items())
    if isinstance(value, list):
        late = row["late"]
        assert isinstance(late, list)
        if value and isinstance(value[0], int):
            return " x ".join(map(str, value))
        return " + ".join(f"{name} (step before)" if name in late else name for name in value)
    return str(value)
