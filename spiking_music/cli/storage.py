"""Recordings to files and back, and what is in the files."""

from typing import Annotated, Any, Literal

import typer

from runtime.errors import OutputError
from spiking_music.cli.app import AsJson, Force, OfBundle, Recorded, Stored, app
from spiking_music.cli.corpora import encode_corpus
from spiking_music.cli.inputs import (
    audio_source,
    checked_length,
    note,
    open_codec,
    settle_output,
    sound_output,
    stored_input,
    stored_output,
)

HowToDecode = Annotated[
    Literal["diffusion", "fast"] | None,
    typer.Option("--decoder", help="How to decode  [default: the model's]"),
]
OfSampler = Annotated[
    Literal["ddim", "dpm"] | None,
    typer.Option("--sampler", help="Of the diffusion  [default: the model's]"),
]
OfSteps = Annotated[
    int | None,
    typer.Option("--steps", metavar="N", help="Of the diffusion  [default: the model's]"),
]
OfSeed = Annotated[
    int | None, typer.Option("--seed", metavar="N", help="Of the diffusion's noise  [default: 0]")
]


@app.command()
def encode(
    audio: Recorded,
    out: Annotated[str | None, typer.Argument(metavar="OUT.spk", help="A new file, or -")] = None,
    mu: Annotated[
        int | None, typer.Option(metavar="0..31", help="The rate of a MU_SPARSE model")
    ] = None,
    min_si_snr: Annotated[
        float | None,
        typer.Option(metavar="DB", help="The largest mus that reach it"),
    ] = None,
    kbps: Annotated[
        float | None, typer.Option(metavar="RATE", help="The best mus that keep within it")
    ] = None,
    coder: Annotated[
        Literal["paper", "rice", "adaptive"], typer.Option(help="How to store the events")
    ] = "adaptive",
    title: Annotated[str | None, typer.Option(help="Kept in the file")] = None,
    source: Annotated[str | None, typer.Option(help="Kept in the file")] = None,
    decoder: HowToDecode = None,
    sampler: OfSampler = None,
    steps: OfSteps = None,
    seed: OfSeed = None,
    jobs: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of a folder  [default: the cores]")
    ] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://...", help="Encode a folder on a Dask cluster")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what is there whole, as a folder always does")
    ] = False,
    bundle: OfBundle = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn a recording into events and store them, and how they are best decoded.

    A folder, a list (.txt, .csv) or an address of recordings becomes a folder OUT: it goes on where
    it was stopped, and the exit code is 1 when some recordings failed.
    """
    from runtime.audio.reading import opened_audio
    from runtime.to_spk import Storage, to_spk
    from spiking_music.cli import terminal
    from spiking_music.corpus.listing import is_corpus

    storage = Storage(
        coder=coder,
        title=title,
        source=source,
        mu=mu,
        min_si_snr=min_si_snr,
        kbps=kbps,
        decoder=decoder or "",
        sampler=sampler or "",
        steps=steps or 0,
        seed=seed or 0,
    )
    if resume and (force or "-" in (audio, out)):
        raise OutputError("--resume keeps a file, which --force overwrites and a pipe has not")
    if resume or is_corpus(audio):
        encode_corpus(audio, out, (jobs, scheduler), storage, bundle, force, as_json)
        return
    out = settle_output(audio, out, ".spk", force, as_json)
    codec = open_codec(bundle)
    with (
        terminal.progress("encode") as progress,
        opened_audio(audio_source(audio), codec.manifest.sample_rate) as recording,
        stored_output(out, force) as file,
    ):
        stored = to_spk(codec, recording, recording.samples, file, storage, progress)
    for warning in recording.warnings:
        note(warning)
    if stored.missed:
        note(f"{stored.missed} of {stored.chunks} chunks could not be what was asked for")
    if out != "-":
        seconds = stored.samples / codec.manifest.sample_rate
        facts: dict[str, float] = {
            "bytes": stored.bytes,
            "seconds": seconds,
            "stored_kbps": stored.bytes * 8e-3 / seconds,
            "events": stored.events,
        }
        if stored.least_mu is not None and stored.most_mu is not None:
            facts |= {"least_mu": stored.least_mu, "most_mu": stored.most_mu}
        terminal.show(out, facts, as_json)


@app.command()
def decode(
    spk: Stored,
    out: Annotated[
        str | None, typer.Argument(metavar="OUT.wav", help="A new .wav or .flac, or -")
    ] = None,
    begin: Annotated[
        float | None, typer.Option("--from", metavar="SECONDS", help="Decode a part")
    ] = None,
    end: Annotated[float | None, typer.Option("--to", metavar="SECONDS")] = None,
    conceal: Annotated[
        bool, typer.Option("--conceal", help="Go on in silence where the file is damaged")
    ] = False,
    quality: Annotated[
        Literal["fast", "good", "best"] | None,
        typer.Option(help="The model's own ways: the next options change them"),
    ] = None,
    decoder: HowToDecode = None,
    sampler: OfSampler = None,
    steps: OfSteps = None,
    seed: OfSeed = None,
    provider: Annotated[
        Literal["cuda", "cpu", "openvino"] | None,
        typer.Option(help="What computes  [default: cuda where it works, else cpu]"),
    ] = None,
    bundle: OfBundle = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn stored events back into sound: as the file says, or else the model's way."""
    from runtime.decoders.presets import way_of
    from runtime.from_spk import Playback, from_spk, span_of
    from runtime.providers import chosen_provider
    from runtime.spk.reader import SpkReader
    from runtime.spk.salvage import Salvage
    from spiking_music.cli import terminal

    out = settle_output(spk, out, ".wav", force, as_json)
    codec, written = open_codec(bundle, chosen_provider(provider)), 0
    if quality is not None:
        way = way_of(quality, codec.manifest)
        decoder = decoder or way.decoder  # type: ignore[assignment]
        sampler, steps = sampler or way.sampler, steps or way.steps  # type: ignore[assignment]
    with stored_input(spk) as file:
        whole = begin is None and end is None and not conceal
        length = checked_length(file) if whole and spk != "-" else None
        reader = Salvage(file, note) if conceal else SpkReader(file, note)
        header = reader.header
        span = span_of(header, begin, end)
        blocks = from_spk(codec, reader, Playback(decoder, sampler, steps, seed), span)
        total = span.length(header.samples if header.known else length)
        with (
            terminal.progress("decode") as progress,
            sound_output(out, header.sample_rate, total, force) as write,
        ):
            for block in blocks:
                write(block)
                written += len(block)
                if total:
                    progress(written / total)
    losses = reader.losses if isinstance(reader, Salvage) else []
    for loss in losses:
        note(f"lost: {loss}")
    if out != "-":
        facts: dict[str, Any] = {
            "samples": written,
            "sample_rate": header.sample_rate,
            "provider": codec.bundle.provider,
        }
        if as_json and conceal:
            facts |= {"losses": [vars(loss) for loss in losses]}
        terminal.show(out, facts, as_json)


@app.command()
def info(spk: Stored, as_json: AsJson = False) -> None:
    """Say what a stored recording holds and what its bits are spent on."""
    from spiking_music.cli import terminal
    from spiking_music.report.storage import stored

    with terminal.given(spk) as path:
        facts = stored(path, note)
    terminal.show(spk, facts, as_json)


@app.command()
def verify(spk: Stored, as_json: AsJson = False) -> None:
    """Check every byte of a stored recording and name what is damaged; exit code 1 if anything."""
    from runtime.spk.verify import verify as verified
    from spiking_music.cli import terminal

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
