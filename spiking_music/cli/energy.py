"""What a recording costs in joules, or a network of any origin."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from runtime.errors import SpikingMusicError
from spiking_music.cli.inputs import open_codec, read_samples
from spiking_music.cli.options import DT, AsJson, OfBundle, Steps

USUAL = "loihi1"


def energy(
    source: Annotated[
        str, typer.Argument(metavar="AUDIO", help="A recording, or - ; or a .nir file")
    ],
    chip: Annotated[
        str | None, typer.Option(metavar="NAME", help="One chip only, term by term")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Of the diffusion  [default: the bundle's]"),
    ] = None,
    mu: Annotated[
        int | None, typer.Option(metavar="0..31", help="The rate of a MU_SPARSE bundle")
    ] = None,
    delta: Annotated[
        int | None,
        typer.Option(metavar="N", help="Send changes of the latent above N; 0 loses nothing"),
    ] = None,
    layers: Annotated[bool, typer.Option(help="Every operator of the networks too")] = False,
    shape: Annotated[
        Literal["own", "neurobench", "n-dns"],
        typer.Option(help="Whose JSON: NeuroBench's, or that of Intel's N-DNS challenge"),
    ] = "own",
    data: Annotated[
        Path | None, typer.Option("--input", metavar="X.npy", help="(T, ...), for a .nir")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(metavar="HZ", help="For a .nir: a second of random spikes instead"),
    ] = None,
    dt: Steps = DT,
    bundle: OfBundle = None,
    as_json: AsJson = False,
) -> None:
    """Estimate what a recording costs, the whole codec and each chip; or any NIR graph."""
    if Path(source).suffix == ".nir":
        energy_of_graph(Path(source), data, rate, dt, chip, as_json)
    elif data is not None or rate is not None:
        raise SpikingMusicError(f"{source}: is no .nir file, for which --input and --rate are")
    else:
        energy_of_recording(source, chip, steps, mu, delta, layers, shape, bundle, as_json)


def energy_of_recording(
    audio: str,
    chip: str | None,
    steps: int | None,
    mu: int | None,
    delta: int | None,
    layers: bool,
    shape: Literal["own", "neurobench", "n-dns"],
    bundle: Path | None,
    as_json: bool,
) -> None:
    """The whole codec on a recording, and the bottleneck on each chip."""
    from neuromorphic.chips.catalogue import load_chip
    from neuromorphic.costs.codec_bill import system_report
    from neuromorphic.costs.operations.system import count_system
    from neuromorphic.energy import energies, sent_deltas
    from spiking_music.cli import terminal
    from spiking_music.report.energies import energy_rows, term_rows, verdict_notes
    from spiking_music.report.storage import stored_bytes
    from spiking_music.report.system_rows import layer_rows, system_notes, system_rows

    own = load_chip(chip or USUAL)
    codec = open_codec(bundle)
    samples = read_samples(audio, codec)
    if shape != "own":
        from neuromorphic.costs.neurobench import exchanged

        with terminal.progress("encode and decode") as progress:
            terminal.print_json(exchanged(codec.bundle, samples, shape, steps, mu, progress))
        return
    with terminal.progress("encode") as progress:
        payload, events = codec.analyse(samples, progress, mu)
    sent = None
    if delta is not None:
        sent, payload, events = sent_deltas(codec.bundle, payload, delta)
    size = stored_bytes(codec.manifest, samples.size, events)
    system = count_system(codec.bundle, payload, events, size, steps, sent)
    found = energies(codec.bundle, payload, events, chip, sent)
    whole = system_report(codec.bundle, system, own)
    if as_json:
        terminal.print_json({"system": whole, "chips": found})
        return
    print(f"{audio}, {system.seconds:.2f} s: the whole codec, the bottleneck on {own.title}")
    terminal.show_rows(system_rows(whole))
    print(*system_notes(whole), sep="\n", end="\n\n")
    print("The bottleneck alone, static power included")
    terminal.show_rows(energy_rows(found))
    print(*verdict_notes(found), sep="\n")
    if layers:
        print("\nThe networks, operator by operator")
        terminal.show_rows(layer_rows(whole))
    if chip is not None:
        print(f"\n{own.title}, term by term; the last line is static power at full speed")
        terminal.show_rows(term_rows(found[chip]))


def energy_of_graph(
    path: Path, data: Path | None, rate: float | None, dt: float, chip: str | None, as_json: bool
) -> None:
    """A NIR graph on an input, or on random spikes, on each chip."""
    from neuromorphic.opening import read_input
    from spiking_music.cli import terminal
    from spiking_music.report.energies import energy_rows, term_rows, verdict_notes
    from spiking_music.report.graph_energies import count_rows, graph_energies, random_spikes

    if data is not None and rate is None:
        x = read_input(data)
    elif rate is not None and data is None:
        x = random_spikes(path, rate, dt)
    else:
        raise SpikingMusicError(f"{path}: needs something to run on: --input X.npy, or --rate HZ")
    with terminal.progress("count"):
        found = graph_energies(path, x, dt, chip)
    if as_json:
        terminal.print_json(found)
        return
    print(f"{path}, {found['steps']:,} steps, {found['seconds']:g} s")
    terminal.show_rows(count_rows(found))
    print("\nStatic power included")
    if found["unchecked"]:
        print("Not held against the limits of the chips:", found["unchecked"])
    terminal.show_rows(energy_rows(found["chips"]))
    print(*verdict_notes(found["chips"]), sep="\n")
    if chip is not None:
        print(f"\n{chip}, term by term; the last line is static power at full speed")
        terminal.show_rows(term_rows(found["chips"][chip]))
