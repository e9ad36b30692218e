"""What a recording costs in joules, or a network of any origin."""

from dataclasses import replace
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
from spiking_music.cli.options import (
    AsJson,
    DenoisingSteps,
    Dialect,
    Frame,
    InputFile,
    Mu,
    PaperBundle,
    TimeStep,
    finite,
)

if TYPE_CHECKING:
    from neuromorphic.opening import OpenNetwork

USUAL = "loihi1"


def energy(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A recording, - for stdin, or a .nir or .net file"),
    ],
    chip: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only this chip, term by term")
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Compare with this processor only  [default: all]"),
    ] = None,
    steps: DenoisingSteps = None,
    mu: Mu = None,
    delta: Annotated[
        int | None,
        typer.Option(metavar="N", help="Send only changes of the latent above N; 0 is lossless"),
    ] = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="List every operator of the networks too")
    ] = False,
    shape: Annotated[
        Literal["own", "neurobench"],
        typer.Option(help="Format of the JSON report: ours, or a benchmark's"),
    ] = "own",
    data: InputFile = None,
    frame: Frame = None,
    rate: Annotated[
        float | None,
        typer.Option(
            parser=finite,
            metavar="HZ",
            help="Run a network on a second of random spikes of this rate",
        ),
    ] = None,
    dt: TimeStep = None,
    dialect: Dialect = None,
    bundle: PaperBundle = None,
    as_json: AsJson = False,
) -> None:
    """Estimate joules: the whole codec and each chip, or a network.

    A .nir or .net file needs --input or --rate.
    """
    if Path(source).suffix in (".nir", ".net"):
        refuse_idle(
            "a network of your own",
            steps=steps,
            mu=mu,
            delta=delta,
            layers=layers,
            bundle=bundle,
        )
        opened = opened_network(Path(source), dt, dialect, frame)
        energy_of_network(opened, source, data, rate, chip, baseline, shape, as_json)
    elif data or rate is not None:
        raise SpikingMusicError(f"{source}: --input and --rate are for .nir files; omit them")
    else:
        refuse_idle("a recording", dt=dt, dialect=dialect, frame=frame)
        if shape != "own":
            refuse_idle(
                f"--shape {shape}", chip=chip, baseline=baseline, delta=delta, layers=layers
            )
        energy_of_recording(
            source, chip, baseline, steps, mu, delta, layers, shape, bundle, as_json
        )


def energy_of_recording(
    audio: str,
    chip: str | None,
    baseline: str | None,
    steps: int | None,
    mu: int | None,
    delta: int | None,
    layers: bool,
    shape: Literal["own", "neurobench"],
    bundle: Path | None,
    as_json: bool,
) -> None:
    """The whole codec on a recording, and the bottleneck on each chip."""
    from neuromorphic.chips.catalogue import load_chip
    from neuromorphic.costs.codec_bill import system_report
    from neuromorphic.costs.operations.system import count_system, lapped_system
    from neuromorphic.energy import energies, sent_deltas
    from neuromorphic.opening import bundle_network
    from runtime.bundle import PAPER
    from runtime.spk.container import packed
    from spiking_music.cli import terminal
    from spiking_music.report.energies import term_rows
    from spiking_music.report.system_rows import layer_rows, system_notes, system_rows

    own = load_chip(chip or USUAL)
    codec = open_codec(bundle or PAPER)
    if codec.manifest.lapped:
        refuse_idle(f"the LAPPED bundle {codec.manifest.name}", mu=mu, delta=delta, steps=steps)
    elif not codec.manifest.has_diffusion:
        refuse_idle("a bundle without a diffusion decoder", steps=steps)
    samples = read_samples(audio, codec)
    if shape != "own":
        from neuromorphic.costs.neurobench import neurobench

        with terminal.progress("encode and decode") as progress:
            terminal.print_json(neurobench(codec.bundle, samples, steps, mu, progress))
        return
    with terminal.progress("encode") as progress:
        payload, piece = codec.analyse(samples, progress, mu)
    network, sent = bundle_network(codec.bundle, piece.units), None
    if delta is not None:
        sent, payload, events = sent_deltas(network, payload, delta)
        piece = replace(piece, events=events)
    size = len(packed(piece))
    if codec.manifest.lapped:
        system = lapped_system(codec.bundle, samples, payload, piece, size)
    else:
        system = count_system(codec.bundle, payload, piece.events, size, steps, sent)
    found = energies(network, payload.T, chip, sent, baseline)["chips"]
    whole = system_report(codec.bundle, system, own)
    if as_json:
        terminal.print_json({"system": whole, "chips": found})
        return
    terminal.say(f"{audio}, {system.seconds:.2f} s: the whole codec, the bottleneck on {own.title}")
    terminal.show_rows(system_rows(whole))
    terminal.say(*system_notes(whole), "", "The bottleneck alone")
    show_chips(found)
    if layers:
        terminal.say("\nThe networks, operator by operator")
        terminal.show_rows(layer_rows(whole))
    if chip is not None:
        terminal.say(
            f"\n{own.title}, term by term; the last lines are what is drawn as fast as it goes"
        )
        terminal.show_rows(term_rows(found[own.name]))


def energy_of_network(
    opened: "OpenNetwork",
    path: str,
    data: list[str] | None,
    rate: float | None,
    chip: str | None,
    baseline: str | None,
    shape: Literal["own", "neurobench"],
    as_json: bool,
) -> None:
    """A network of any origin on an input, or on random spikes, on each chip."""
    from neuromorphic.energy import random_spikes
    from spiking_music.cli import terminal
    from spiking_music.report.energies import count_rows, term_rows

    if data and rate is not None:
        raise SpikingMusicError("--input and --rate exclude one another; give one of them")
    if data:
        x = network_input(data, opened)
    elif rate is not None:
        x = random_spikes(opened.input_shape, rate, opened.period)
    else:
        raise SpikingMusicError(f"{path}: a network needs an input; give --input FILE or --rate HZ")
    if shape != "own":
        refuse_idle(f"--shape {shape}", chip=chip, baseline=baseline)
        with terminal.progress("count"):
            metrics = opened.neurobench(x)
        terminal.print_json(metrics)
        return
    with terminal.progress("count"):
        found = opened.energy(x, chip, baseline)
    for remark in opened.remarks(x):
        note(remark)
    if as_json:
        terminal.print_json(found)
        return
    terminal.say(f"{path}, {found['steps']:,} steps, {found['seconds']:g} s")
    terminal.show_rows(count_rows(found["counts"]))
    terminal.say("\nOn each chip")
    if found["unchecked"]:
        terminal.say(f"Not checked against the limits of the chips: {found['unchecked']}")
    show_chips(found["chips"])
    if chip is not None:
        terminal.say(f"\n{chip}, term by term; the last lines are what is drawn as fast as it goes")
        (own,) = found["chips"].values()
        terminal.show_rows(term_rows(own))


def show_chips(found: dict[str, Any]) -> None:
    """Print what each chip takes, how long, and how that compares with processors."""
    from spiking_music.cli import terminal
    from spiking_music.report import energies

    for title, rows in (
        ("", energies.energy_rows(found)),
        ("\nThe totals over what was done", energies.unit_rows(found)),
        ("\nPlaced on cores; busiest: its share of the events", energies.placement_rows(found)),
        ("\nAs fast as it goes", energies.timing_rows(found)),
        (
            "\nTimes as much as dense int8 arithmetic on a processor; equal at so many input\n"
            "events a second, by operations; cheaper from so many live streams, of those it holds",
            energies.baseline_rows(found),
        ),
    ):
        if rows:
            if title:
                terminal.say(title)
            terminal.show_rows(rows)
    terminal.say(*energies.verdict_notes(found))
