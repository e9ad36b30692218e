"""Turn recordings into events and store them."""

from dataclasses import replace
from typing import Annotated

import typer

from runtime.errors import OutputError, SpikingMusicError
from runtime.kinds import CoderName
from spiking_music.cli.corpora import encode_corpus
from spiking_music.cli.inputs import (
    audio_source,
    note,
    refuse_idle,
    settle_output,
    stored_output,
)
from spiking_music.cli.options import (
    AsJson,
    AudioFile,
    BundleDir,
    Decoder,
    DenoisingSteps,
    EffortOption,
    Force,
    Mu,
    Sampler,
    Seed,
    Step,
    finite,
)


def encode(
    audio: AudioFile,
    out: Annotated[
        str | None,
        typer.Argument(
            metavar="OUT",
            help="The new .spk file, or - for stdout; a folder for several",
            show_default="AUDIO with .spk",
        ),
    ] = None,
    mu: Mu = None,
    step: Step = None,
    min_si_snr: Annotated[
        float | None,
        typer.Option(
            parser=finite,
            metavar="DB",
            help="Give each chunk the largest mu or step that reaches this SI-SNR",
        ),
    ] = None,
    kbps: Annotated[
        float | None,
        typer.Option(
            parser=finite,
            metavar="KBPS",
            help="Give each chunk the smallest mu or step that keeps to this bit rate",
        ),
    ] = None,
    effort: EffortOption = None,
    coder: Annotated[
        CoderName | None,
        typer.Option(
            help="Entropy coder of the events", show_default="adaptive; a LAPPED model has its own"
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Title to keep in the file")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Source to keep in the file")
    ] = None,
    decoder: Decoder = None,
    sampler: Sampler = None,
    steps: DenoisingSteps = None,
    seed: Seed = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Worker processes for a folder", show_default="one a core"
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Dask scheduler that encodes a folder, tcp://..."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep OUT if it is complete already, as for a folder")
    ] = False,
    bundle: BundleDir = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Encode a recording into a .spk file, or a folder of them.

    AUDIO may be a folder, a list of recordings (.txt, .csv) or an address (s3://...). OUT is then
    a folder. Run the command again to continue where it stopped; the exit code is 1 if some
    recordings failed. --decoder, --sampler, --steps and --seed are kept in the file for decode.
    """
    from runtime.audio.reading import opened_audio
    from runtime.bundle import open_bundle
    from runtime.to_spk import Storage, to_spk
    from spiking_music.cli import terminal
    from spiking_music.corpus.listing import is_corpus
    from spiking_music.effort import codec_of

    storage = Storage(
        coder=coder,
        title=title,
        source=source,
        mu=mu,
        step=step,
        min_si_snr=min_si_snr,
        kbps=kbps,
        effort=effort,
        decoder=decoder or "",
        sampler=sampler or "",
        steps=steps or 0,
        seed=seed or 0,
    )
    if not audio:
        raise SpikingMusicError("AUDIO is empty; name a recording or a folder of them")
    if resume and (force or "-" in (audio, out)):
        raise OutputError("--resume keeps an existing file; omit --force and do not use a pipe")
    if scheduler is not None:
        refuse_idle("the workers of a scheduler", jobs=jobs)
    if resume or is_corpus(audio):
        encode_corpus(audio, out, (jobs, scheduler), storage, bundle, force, as_json)
        return
    refuse_idle("a single recording", jobs=jobs, scheduler=scheduler)
    out = settle_output(audio, out, ".spk", force, as_json)
    codec, left = codec_of(open_bundle(bundle), effort)
    storage = replace(storage, effort=left)
    with (
        terminal.progress("encode") as progress,
        opened_audio(audio_source(audio), codec.manifest.sample_rate) as recording,
        stored_output(out, force) as file,
    ):
        stored = to_spk(codec, recording, recording.samples, file, storage, progress)
    for warning in recording.warnings:
        note(warning)
    if stored.missed:
        note(f"{stored.missed} of {stored.chunks} chunks could not reach the target that was given")
    if out != "-":
        seconds = stored.samples / codec.manifest.sample_rate
        facts: dict[str, float] = {
            "bytes": stored.bytes,
            "seconds": seconds,
            "stored_kbps": stored.bytes * 8e-3 / seconds,
            "events": stored.events,
        }
        if stored.least_mu is not None and stored.most_mu is not None:
            name = "step" if codec.manifest.lapped else "mu"
            facts |= {f"least_{name}": stored.least_mu, f"most_{name}": stored.most_mu}
        terminal.show(out, facts, as_json)
