"""Recordings to files and back, and what is in the files."""

from typing import Annotated, Literal

import typer

from runtime.errors import SpikingMusicError
from verbs.app import AsJson, Force, OfBundle, Recorded, Stored, app
from verbs.inputs import note, open_codec, read_samples, settle_output


@app.command()
def encode(
    audio: Recorded,
    out: Annotated[str | None, typer.Argument(metavar="OUT.spk", help="A new file, or -")] = None,
    coder: Annotated[
        Literal["paper", "rice", "adaptive"], typer.Option(help="How to store the events")
    ] = "adaptive",
    bundle: OfBundle = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn a recording into events and store them."""
    from report import terminal
    from report.storage import header_of, seconds
    from runtime.container import write_spk

    out = settle_output(audio, out, ".spk", force, as_json)
    codec = open_codec(bundle)
    samples = read_samples(audio, codec)
    with terminal.progress("encode") as progress:
        events = codec.encode(samples, progress)
    header = header_of(codec.manifest, samples.size, coder)
    with terminal.written(out, ".spk") as path:
        write_spk(path, header, events, force)
        size = path.stat().st_size
    if out != "-":
        facts = {
            "bytes": size,
            "seconds": seconds(header),
            "stored_kbps": size * 8e-3 / seconds(header),
            "events": events.count,
        }
        terminal.show(out, facts, as_json)


@app.command()
def decode(
    spk: Stored,
    out: Annotated[
        str | None, typer.Argument(metavar="OUT.wav", help="A new .wav or .flac, or -")
    ] = None,
    decoder: Annotated[
        Literal["diffusion", "fast"] | None,
        typer.Option(help="How to decode  [default: the bundle's]"),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="Of the diffusion  [default: the bundle's]")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Of the diffusion's noise")] = 0,
    bundle: OfBundle = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn stored events back into sound."""
    from report import terminal
    from runtime.audio import write_audio
    from runtime.container import read_spk

    out = settle_output(spk, out, ".wav", force, as_json)
    with terminal.given(spk) as path:
        header, events = read_spk(path)
    codec = open_codec(bundle)
    model = codec.manifest
    if header.model != model.model_hash:
        raise SpikingMusicError(
            f"{spk}: was encoded by model {header.model}, the bundle {model.name} is "
            f"{model.model_hash}; give the right one by --bundle"
        )
    with terminal.progress("decode") as progress:
        samples = codec.decode(events, header.samples, decoder, steps, seed, progress)
    with terminal.written(out, ".wav") as path:
        write_audio(path, samples, header.sample_rate, force)
    if out != "-":
        facts = {"samples": samples.size, "sample_rate": header.sample_rate}
        terminal.show(out, facts, as_json)


@app.command()
def info(spk: Stored, as_json: AsJson = False) -> None:
    """Say what a stored recording holds and what its bits are spent on."""
    from report import terminal
    from report.storage import stored

    with terminal.given(spk) as path:
        facts = stored(path, note)
    terminal.show(spk, facts, as_json)


@app.command()
def verify(spk: Stored, as_json: AsJson = False) -> None:
    """Check every byte of a stored recording and name what is damaged; exit code 1 if anything."""
    from report import terminal
    from runtime.spk.verify import verify as verified

    with terminal.given(spk) as path:
        verdict = verified(path)
    for message in verdict.notes:
        note(message)
    whole = not verdict.losses
    counts = {"whole": whole, "chunks": verdict.chunks, "events": verdict.events}
    if as_json:
        terminal.print_json(counts | {"losses": [vars(loss) for loss in verdict.losses]})
    else:
        terminal.show(spk, counts, as_json)
        for loss in verdict.losses:
            print(f"  {loss}")
    if not whole:
        raise typer.Exit(1)
