"""Turn recordings into events and store them."""

from typing import Annotated

import typer

from runtime.errors import OutputError
from runtime.kinds import CoderName
from spiking_music.cli.corpora import encode_corpus
from spiking_music.cli.inputs import audio_source, note, open_codec, settle_output, stored_output
from spiking_music.cli.options import (
    AsJson,
    Force,
    HowToDecode,
    OfBundle,
    OfSampler,
    OfSeed,
    OfSteps,
    Recorded,
)


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
    coder: Annotated[CoderName, typer.Option(help="How to store the events")] = "adaptive",
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
