"""The bottleneck on chips: the same spikes, and what the chips are."""

from typing import Annotated, Literal

import typer

from verbs.app import AsJson, OfBundle, Recorded, app
from verbs.inputs import open_codec, read_samples


@app.command()
def simulate(
    audio: Recorded,
    backend: Annotated[
        Literal["integer", "nir", "lava", "lava-floating", "fused", "netx", "all"],
        typer.Option(help="How: see docs/chips.md"),
    ] = "all",
    bundle: OfBundle = None,
    as_json: AsJson = False,
) -> None:
    """Compute the bottleneck in other ways and count the bits that differ from the encoder's."""
    from report import agreement, terminal

    chosen = agreement.BACKENDS if backend == "all" else (backend,)
    codec = open_codec(bundle)
    samples = read_samples(audio, codec)
    with terminal.progress("encode") as progress:
        payload, events = codec.analyse(samples, progress)
    wrong: dict[str, int] = {}
    for name in chosen:
        with terminal.progress(name) as progress:
            bits = agreement.spikes(codec.bundle, payload, name, progress)
        wrong[name] = agreement.differing(bits, events.bits)
    facts = {"compared": events.bits.size} | wrong
    terminal.show(f"{audio}: bits that differ from the encoder's", facts, as_json)


@app.command()
def chips(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One chip's figures")] = None,
    as_json: AsJson = False,
) -> None:
    """List the chips, or the figures of one with their evidence and source."""
    from report import terminal
    from report.chips import chip_figures, chip_rows, figure_rows

    rows = chip_rows() if name is None else chip_figures(name)
    if as_json:
        terminal.print_json(rows)
    else:
        terminal.show_rows(rows if name is None else figure_rows(rows))
