"""`python -m benchmarks NAME`: each command imports its benchmark only when it runs."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from runtime.errors import SpikingMusicError

app = typer.Typer(
    name="benchmarks",
    add_completion=False,
    pretty_exceptions_enable=False,
)
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write figures here")]


@app.callback()
def benchmarks() -> None:
    """Measure the project: each benchmark prints a table."""


@app.command()
def rendering(
    data: Annotated[str, typer.Option(help="As for training")] = "shipped",
    cache: Annotated[Path, typer.Option(metavar="DIR", help="As for training")] = Path("cache"),
    batch: Annotated[int, typer.Option(help="Crops a batch")] = 8,
    samples: Annotated[int, typer.Option(help="Of a crop")] = 2**15,
    warm_up: Annotated[int, typer.Option(help="Batches before the warm figures")] = 300,
    batches: Annotated[int, typer.Option(help="Measured in a row")] = 25,
    json: Json = None,
) -> None:
    """How much faster than real time a core makes training crops."""
    from benchmarks.rendering import Load, measure, write

    write(measure(data, cache, Load(batch, samples, warm_up, batches)), json)


@app.command()
def overfit(
    steps: Annotated[int, typer.Option(help="Of training, each on the whole clip")] = 600,
    run: Annotated[
        Path | None, typer.Option(metavar="RUN_DIR", help="Keep the run in this new folder")
    ] = None,
    json: Json = None,
) -> None:
    """How well the preset `tiny` learns one clip by heart."""
    from benchmarks.overfit import measure, write

    write(measure(steps, run), json)


@app.command()
def coding(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(help="Events (.npz, .spk), recordings, folders  [default: made-up notes]"),
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")
    ] = None,
    clips: Annotated[int | None, typer.Option(help="At most, of each set")] = None,
    independent: Annotated[
        float | None, typer.Option(metavar="DENSITY", help="Entries of that chance, and no notes")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For recordings  [default: the shipped one]")
    ] = None,
    mu: Annotated[int | None, typer.Option(help="Of the bundle, if it has one")] = None,
    chunk_frames: Annotated[int, typer.Option(help="Of a chunk")] = 256,
    json: Json = None,
) -> None:
    """How small the coders make events, and how fast, beside coders of others."""
    from benchmarks import coding
    from verbs.models import clip_sets

    matrices = [bits for source in sources or [] for bits in coding.load(source, bundle, mu)]
    for found in clip_sets(data or [], clips)[0].values():
        matrices += coding.encoded(found, bundle, mu)
    if independent is not None:
        matrices.append(coding.independent(independent))
    coding.write(coding.measure(matrices or [coding.made_up()], chunk_frames), json)


@app.command()
def fuzz(
    files: Annotated[int, typer.Option(help="Damaged files")] = 100_000,
    seed: Annotated[int, typer.Option(help="Of the damage")] = 0,
) -> None:
    """Whether damaged .spk files can do harm."""
    from benchmarks.fuzz import fuzz as run
    from report import terminal

    with terminal.progress("fuzz") as progress:
        found = run(files, seed, progress)
    terminal.show("damaged files", vars(found), as_json=False)


@app.command()
def memory(
    minutes: Annotated[
        list[float] | None, typer.Option(help="Lengths; repeat it  [default: 2, 60]")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="[default: the shipped one]")
    ] = None,
    json: Json = None,
) -> None:
    """How much memory an hour of music takes; exit code 2 if it is too much."""
    from benchmarks.memory import measure, write
    from report import terminal

    with terminal.progress("memory") as progress:
        figures = measure(minutes or [2, 60], bundle, progress)
    write(figures, json)


@app.command()
def seams(
    audio: Annotated[
        Path | None, typer.Argument(help="A recording  [default: a shipped clip]")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="[default: the shipped one]")
    ] = None,
    steps: Annotated[int, typer.Option(help="Of the diffusion")] = 4,
    json: Json = None,
) -> None:
    """How much worse it sounds where windows of the diffusion decoder join."""
    from benchmarks.seams import measure, write
    from report import terminal

    with terminal.progress("seams") as progress:
        figures = measure(audio, bundle, steps, progress)
    write(figures, json)


@app.command()
def decoding(
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: the shipped one]")
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SOURCE", help="As for evaluate  [default: the shipped clips]"),
    ] = None,
    clips: Annotated[int | None, typer.Option(help="At most, of each set")] = None,
    json: Json = None,
) -> None:
    """How good and how fast each sampler is by its steps, beside the fast decoder."""
    from benchmarks.decoding import measure, write
    from report import terminal
    from report.demo import default_clip
    from verbs.models import clip_sets

    sets, _ = clip_sets(data or [f"shipped={default_clip().parent}"], clips)
    with terminal.progress("decoding") as progress:
        figures = measure(bundle, [clip for found in sets.values() for clip in found], progress)
    write(figures, json)


@app.command()
def speed(
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: the shipped one]")
    ] = None,
    seconds: Annotated[float, typer.Option(help="Of sound that is coded")] = 23.8,
    rounds: Annotated[int, typer.Option(help="The middle one of so many counts")] = 5,
    paper: Annotated[bool, typer.Option(help="The paper's U-Net too: minutes to export")] = False,
    json: Json = None,
) -> None:
    """How fast coding is, beside torch, other codecs, and what the machine can do."""
    from benchmarks.speed import measure, write
    from report import terminal

    with terminal.progress("speed") as progress:
        figures = measure(bundle, seconds, rounds, paper, progress)
    write(figures, json)


@app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...", help="Runs of training")],
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="As for evaluate")],
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("compared"),
    clips: Annotated[int | None, typer.Option(help="At most, of each set")] = None,
    peers: Annotated[bool, typer.Option(help="Opus, FLAC and the anchors too")] = True,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite what exists")] = False,
) -> None:
    """Every kind of code on the same clips, beside peers and anchors."""
    from benchmarks.compare import compare as run
    from benchmarks.compare import reached
    from evaluation.tables import as_markdown
    from report import terminal
    from verbs.models import clip_sets

    sets, skipped = clip_sets(data, clips)
    with terminal.progress("compare") as progress:
        found = run(runs, sets, out, peers, force, progress)
    print(as_markdown(found, skipped))
    for name, ratios in reached(found).items():
        shown = ", ".join(f"mu {mu}: {ratio:.2f}" for mu, ratio in ratios.items())
        print(f"{name}: S / S0(mu) {shown}")


@app.command()
def figures(
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("figures-drawn"),
    ratings: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="What a listener handed in; repeat it")
    ] = None,
    screening: Annotated[
        Literal["none", "paper", "bs1534"], typer.Option(help="As of listen score")
    ] = "paper",
    bundle: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="MU_SPARSE, and SPARSE beside it")
    ] = None,
    data: Annotated[
        list[str] | None, typer.Option(metavar="NAME=SOURCE", help="As for evaluate")
    ] = None,
    clips: Annotated[int, typer.Option(help="Of each set, at most")] = 30,
    least: Annotated[float, typer.Option(metavar="DB", help="Quality that control keeps")] = 9.0,
    units: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Two .npz of analyse; repeat it")
    ] = None,
    force: Annotated[bool, typer.Option("--force", "-f", help="Overwrite what exists")] = False,
) -> None:
    """The paper's Figures 1, 3, 4 and 5, each from what is given for it."""
    from benchmarks.figures import Material, draw
    from runtime.bundle import open_bundle
    from runtime.codec import Codec
    from verbs.models import clip_sets

    opened = [open_bundle(path) for path in bundle or []]
    codecs = {one.manifest.kind: Codec(one) for one in opened}
    sets = clip_sets(data or [], clips)[0] if codecs else {}
    material = Material(
        ratings or [], screening, codecs, [c for s in sets.values() for c in s], least, units or []
    )
    command = shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]])
    for missing in draw(material, out, command, force):
        print("note:", missing, file=sys.stderr)


@app.command()
def analysis(
    hours: Annotated[float, typer.Option(help="Of made-up music")] = 20.0,
    json: Json = None,
) -> None:
    """How fast units are analysed, and in how much memory."""
    from benchmarks.analysis import measure, write
    from report import terminal

    with terminal.progress("analyse") as progress:
        found = measure(hours, progress)
    write(found, json)


@app.command()
def scaling(
    sources: Annotated[
        list[Path] | None, typer.Argument(help="Recordings  [default: the shipped clips]")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="[default: the shipped one]")
    ] = None,
    files: Annotated[int, typer.Option(help="Of the corpus")] = 4,
    minutes: Annotated[float, typer.Option(help="Of each file")] = 10,
    rounds: Annotated[int, typer.Option(help="Of one and of two workers")] = 3,
    json: Json = None,
) -> None:
    """How many hours of sound a core encodes and decodes in an hour."""
    from benchmarks.coding import write
    from benchmarks.scaling import Load, measure
    from report import terminal

    with terminal.progress("scaling") as progress:
        figures = measure(sources or [], bundle, Load(files, minutes, rounds), progress)
    write(figures, json)


@app.command()
def energy(
    bundles: Annotated[
        list[Path] | None, typer.Argument(metavar="BUNDLE...", help="[default: the shipped one]")
    ] = None,
    audio: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Repeat it  [default: shipped clips]")
    ] = None,
    mu: Annotated[list[int] | None, typer.Option(help="Of MU_SPARSE bundles; repeat it")] = None,
    json: Json = None,
) -> None:
    """What each kind of code costs on each chip, and where sigma-delta input begins to pay."""
    from benchmarks.energy import measure, write
    from report import terminal
    from report.demo import default_clip

    recordings = audio or sorted(default_clip().parent.glob("*.flac"))
    with terminal.progress("energy") as progress:
        found = measure(bundles or [None], recordings, mu or [8, 12, 16, 20, 24], progress)
    write(found, json)


@app.command()
def faults(
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: the shipped one]")
    ] = None,
    audio: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Repeat it  [default: shipped clips]")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="For figure and JSON")] = Path("faults"),
    repeats: Annotated[int, typer.Option(min=1, help="Of each number of flips")] = 5,
    seed: Annotated[int, typer.Option(help="Of the damage")] = 0,
) -> None:
    """How much worse it sounds when bits flip, a unit falls silent, or a core."""
    from benchmarks.faults import measure, write
    from report import terminal
    from report.demo import default_clip
    from runtime.bundle import open_bundle

    recordings = audio or sorted(default_clip().parent.glob("*.flac"))
    with terminal.progress("faults") as progress:
        found = measure(open_bundle(bundle), recordings, repeats, seed, progress)
    write(found, out)


@app.command()
def executors(
    frames: Annotated[int, typer.Option(help="Of random payloads; 43 are a second")] = 16_384,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="One executor only; repeat it")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="[default: the shipped one]")
    ] = None,
    json: Json = None,
) -> None:
    """How much faster than Lava the integers are, at equal bits."""
    from benchmarks.executors import measure, write

    write(measure(bundle, frames, only or []), json)


@app.command()
def certificate(
    data: Annotated[
        str, typer.Argument(help="A folder, maestro:DIR or maestro:DIR:PIANO.zip (test split)")
    ],
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="[default: the shipped one]")
    ] = None,
    hours: Annotated[float, typer.Option(help="Of music, at most")] = 1.0,
    python: Annotated[
        list[str] | None, typer.Option(metavar="NAME=PATH", help="A Python that has an importer")
    ] = None,
    json: Json = None,
) -> None:
    """Whether music spikes the same in every back end and importer; exit code 1 where not."""
    from benchmarks.certificate import measure, write
    from verbs.inputs import named

    found = measure(bundle, data, hours, dict(named(text, "--python") for text in python or []))
    write(found, json)
    if not found.holds:
        raise typer.Exit(1)


@app.command()
def quantisation(
    run: Annotated[Path, typer.Argument(metavar="RUN_DIR", help="A run that trained on the grid")],
    recordings: Annotated[
        list[Path] | None, typer.Argument(help="[default: the shipped clips]")
    ] = None,
    json: Json = None,
) -> None:
    """How many spikes flip when weights are rounded in training, and when afterwards."""
    from benchmarks.executors import write
    from benchmarks.quantisation import measure

    write(measure(run, recordings or []), json)


def main() -> None:
    """Run a benchmark: exit code 0, 2 with one line on an error."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        print("error:", error.format_message(), file=sys.stderr)
    except SpikingMusicError as error:
        print("error:", error, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
