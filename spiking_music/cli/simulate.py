"""The same spikes on several back ends."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runtime.errors import SpikingMusicError
from spiking_music.cli.inputs import (
    network_input,
    note,
    open_codec,
    opened_network,
    read_samples,
    refuse_idle,
)
from spiking_music.cli.options import AsJson, Dialect, Frame, InputFile, PaperBundle, TimeStep

if TYPE_CHECKING:
    from neuromorphic.opening import OpenNetwork


def simulate(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A recording, - for stdin, or a .nir or .net file"),
    ],
    backend: Annotated[
        Literal["integer", "nir", "nir-lif", "lava", "lava-floating", "netx", "all"],
        typer.Option(help="Back end to compute on (docs/chips.md)"),
    ] = "all",
    data: InputFile = None,
    dt: TimeStep = None,
    dialect: Dialect = None,
    frame: Frame = None,
    bundle: PaperBundle = None,
    as_json: AsJson = False,
) -> None:
    """Compute the spikes on several back ends; count differing bits.

    For a recording, it simulates the model's bottleneck. A .nir or .net file needs --input.
    """
    if data:
        refuse_idle("a network of your own", bundle=bundle)
        if Path(source).suffix == ".net":
            refuse_idle("integers", dt=dt)
        opened = opened_network(Path(source), dt, dialect, frame)
        simulate_network(opened, backend, data, as_json)
    else:
        refuse_idle("a recording", dt=dt, dialect=dialect, frame=frame)
        simulate_recording(source, backend, bundle, as_json)


def simulate_recording(audio: str, backend: Any, bundle: Path | None, as_json: bool) -> None:
    """The bottleneck of a bundle on a recording, against the encoder."""
    from neuromorphic import simulate as back_ends
    from neuromorphic.opening import bundle_network
    from runtime.bundle import PAPER
    from spiking_music.cli import terminal

    if Path(audio).suffix in (".nir", ".net"):
        raise SpikingMusicError(f"{audio}: a network needs an input; give --input FILE")
    chosen = back_ends.BACKENDS if backend == "all" else (backend,)
    codec = open_codec(bundle or PAPER)
    samples = read_samples(audio, codec)
    with terminal.progress("encode") as progress:
        payload, piece = codec.analyse(samples, progress)
    network = bundle_network(codec.bundle, piece.units)
    wrong: dict[str, int] = {}
    for name in chosen:
        with terminal.progress(name) as progress:
            bits = back_ends.spikes(network, payload.T, name, progress)
        wrong[name] = back_ends.differing(bits, piece.events.bits)
    facts = {"compared": piece.events.cells} | wrong
    terminal.show(f"{audio}: bits that differ from the encoder's", facts, as_json)


def simulate_network(opened: "OpenNetwork", backend: Any, data: list[str], as_json: bool) -> None:
    """Any network on any input, against the float graph and the integer executor."""
    from neuromorphic.simulate import agreement, suitable
    from spiking_music.cli import terminal

    x = network_input(data, opened)
    with terminal.progress("open"):
        opened = opened.quantise(x)
    chosen = suitable(opened) if backend == "all" else (backend,)
    if opened.rounding is not None and opened.rounding.remark is not None:
        note(opened.rounding.remark)
    rows = agreement(opened, x, chosen, terminal.progress)
    for remark in opened.remarks(x):
        note(remark)
    if not any(row["spikes"] for row in rows):
        note("there is no spike in any output: nothing was compared with nothing")
    if as_json:
        terminal.print_json(rows)
    else:
        terminal.show_rows(rows)
