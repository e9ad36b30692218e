"""What is in a NIR graph, what comes out of it, and a NIR graph of a torch network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.errors import SpikingMusicError
from spiking_music.cli.help import Verbs
from spiking_music.cli.inputs import files_of, note, refuse_idle
from spiking_music.cli.options import AsJson, Dialect, Force, Frame, TimeStep


class Nir(Verbs):
    """The verb `nir GRAPH.nir`, which means `nir check GRAPH.nir`, and `nir export`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["check", *args]
        return super().parse_args(ctx, args)


def check(
    graph: Annotated[Path, typer.Argument(metavar="GRAPH.nir", help="A NIR file")],
    run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE",
            help="Run it on this input (docs/nir.md, Inputs); NAME=FILE for each of several",
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
    frame: Frame = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Check a NIR graph and list its nodes, or run it.

    `nir GRAPH.nir` is short for `nir check GRAPH.nir`.
    """
    from neuromorphic.graphs.run import graph_values
    from neuromorphic.graphs.silence import remarks
    from neuromorphic.graphs.summary import summary
    from neuromorphic.inputs.reading import read_input
    from neuromorphic.opening import open_graph
    from runtime.arrays import write_array
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal

    if bool(run) != bool(out):
        raise SpikingMusicError("--run and --out belong together; give both or neither")
    if not run:
        refuse_idle("a graph that is not run", dt=dt, dialect=dialect, frame=frame)
    opened = open_graph(graph, dt, dialect)
    assert opened.graph is not None
    for remark in opened.notes:
        note(remark)
    given, wanted = (
        files_of("--run", run, opened.graph.inputs),
        files_of("--out", out, opened.graph.outputs),
    )
    for path in wanted.values():
        refuse_output(path, force, [graph, *given.values()])
    rows = summary(opened.graph)
    facts: dict[str, object] = {"nodes": rows, "notes": list(opened.notes)}
    if run:
        shapes = {stage.name: stage.shape for stage in opened.graph.inputs}
        step = opened.dt if frame is None else frame
        x = {name: read_input(path, shapes[name], step) for name, path in given.items()}
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
        terminal.say(
            f"{path}: {values[name].shape}, {int((values[name] != 0).sum())} non-zero values"
        )


def export_module(
    module: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME",
            help="A torch network, or a function that makes one: nets.py:net, package.nets:make",
        ),
    ],
    data: Annotated[
        Path,
        typer.Option("--input", metavar="FILE", help="Sample to check the export on, (T, ...)"),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="GRAPH.nir", help="The new NIR file")],
    dt: Annotated[
        float, typer.Option(metavar="SECONDS", help="Duration of one step of the network")
    ] = 1e-4,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a torch or snnTorch network as a NIR file.

    Both are run on the sample, and nothing is written if any spike differs.
    """
    from export.torch_module import named_module
    from export.torch_nir import to_nir
    from neuromorphic.graphs.dialects import HINT
    from neuromorphic.graphs.files import write_graph
    from neuromorphic.graphs.graph import parse_graph
    from neuromorphic.graphs.summary import summary
    from neuromorphic.inputs.reading import read_input
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal

    refuse_output(out, force, [data])
    with terminal.progress("export"):
        graph = to_nir(named_module(module), read_input(data, None, dt), dt)
    write_graph(graph, out, force)
    if as_json:
        terminal.print_json({"nodes": summary(parse_graph(graph)), "metadata": graph.metadata})
    else:
        terminal.show_rows([_shown(row) for row in summary(parse_graph(graph))])
        spoken = graph.metadata[f"{HINT}dialect"]
        print(f"{out}: equal to the module on the sample, with --dialect {spoken} --dt {dt:g}")


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
