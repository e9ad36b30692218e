"""Turn stored events back into sound."""

from pathlib import Path
from typing import Annotated, Any

import typer

from runtime.errors import SpikingMusicError
from runtime.kinds import QualityName
from runtime.providers import ProviderName
from spiking_music.cli.inputs import (
    checked_length,
    note,
    open_codec,
    settle_output,
    sound_output,
    stored_input,
    tables_of,
)
from spiking_music.cli.options import (
    AsJson,
    Decoder,
    DenoisingSteps,
    Force,
    ReadBundle,
    Sampler,
    Seed,
    SpkFile,
    finite,
)

DAY = 86_400.0


def refuse_beyond(most: int, samples: int, rate: int) -> None:
    """Raise `SpikingMusicError` for more samples than are allowed."""
    if samples > most:
        raise SpikingMusicError(
            f"{samples / rate:.0f} seconds of sound, and {most / rate:.0f} are allowed; decode a "
            "part by --from and --to, or allow more by --max-seconds"
        )


def decode(
    spk: SpkFile,
    out: Annotated[
        str | None,
        typer.Argument(
            metavar="OUT",
            help="The new .wav or .flac file, or - for stdout",
            show_default="FILE.decoded.wav",
        ),
    ] = None,
    begin: Annotated[
        float | None,
        typer.Option(
            "--from",
            parser=finite,
            metavar="SECONDS",
            help="Start of the part to decode",
            show_default="0",
        ),
    ] = None,
    end: Annotated[
        float | None,
        typer.Option(
            "--to",
            parser=finite,
            metavar="SECONDS",
            help="End of the part to decode",
            show_default="the end",
        ),
    ] = None,
    conceal: Annotated[
        bool,
        typer.Option("--conceal", help="Replace damaged chunks by silence instead of stopping"),
    ] = False,
    quality: Annotated[
        QualityName | None,
        typer.Option(
            help="Preset for the three options below", show_default="as the file says, or good"
        ),
    ] = None,
    decoder: Decoder = None,
    sampler: Sampler = None,
    steps: DenoisingSteps = None,
    seed: Seed = None,
    provider: Annotated[
        ProviderName | None,
        typer.Option(
            help="Execution provider of ONNX Runtime", show_default="cuda if it works, or cpu"
        ),
    ] = None,
    max_seconds: Annotated[
        float | None,
        typer.Option(
            parser=finite,
            metavar="SECONDS",
            help="Longest sound to write, and longest silence for what is damaged",
            show_default="a day; ten minutes more than is left",
        ),
    ] = None,
    bundle: ReadBundle = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Decode a .spk file into a recording.

    Without options it decodes as the file says, or else as the model does by default, with the
    shipped bundle that made it.
    """
    from runtime.audio.writing import refuse_suffix
    from runtime.bundle import shipped_model
    from runtime.codec import require_model
    from runtime.decoders.presets import preset_of
    from runtime.from_spk import from_spk, span_of
    from runtime.outputs import is_stream
    from runtime.playback import UNSAID, Playback, require_used
    from runtime.providers import chosen_provider
    from runtime.spk.reader import SpkReader
    from runtime.spk.salvage import Salvage
    from spiking_music.cli import terminal

    out = settle_output(spk, out, ".decoded.wav", force, as_json)
    if out != "-" and not is_stream(Path(out)):
        refuse_suffix(Path(out))
    with stored_input(spk) as file:
        whole = begin is None and end is None and not conceal
        length = checked_length(file) if whole and spk != "-" and file.seekable() else None
        tables = tables_of(bundle)
        reader = (
            Salvage(file, note, tables, max_seconds) if conceal else SpkReader(file, note, tables)
        )
        codec = open_codec(bundle or shipped_model(reader.header.model), chosen_provider(provider))
        header, written = reader.header, 0
        require_model(header, codec.manifest)
        wishes, way = Playback(decoder, sampler, steps, seed), UNSAID
        if quality is not None:
            way = Playback(**vars(preset_of(quality, codec.manifest, decoder)))
        require_used(wishes, codec.manifest, way.over(header.playback))
        span = span_of(header, begin, end)
        blocks = from_spk(codec, reader, wishes.over(way), span)
        total = span.length(header.samples if header.known else length)
        most = round((DAY if max_seconds is None else max_seconds) * header.sample_rate)
        refuse_beyond(most, total or 0, header.sample_rate)
        with (
            terminal.progress("decode") as progress,
            sound_output(out, header.sample_rate, total, force) as write,
        ):
            for block in blocks:
                write(block)
                written += len(block)
                refuse_beyond(most, written, header.sample_rate)
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
