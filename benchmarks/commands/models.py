"""How models are trained, compared and read."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from benchmarks.commands.app import Clips, Force, Json, app


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
def compare(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN_DIR...", help="Runs of training")],
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="As for evaluate")],
    out: Annotated[Path, typer.Option(metavar="DIR")] = Path("compared"),
    clips: Clips = None,
    peers: Annotated[bool, typer.Option(help="Opus, FLAC and the anchors too")] = True,
    force: Force = False,
) -> None:
    """Every kind of code on the same clips, beside peers and anchors."""
    from benchmarks.compare import compare as run
    from benchmarks.compare import reached
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets
    from spiking_music.evaluation.tables import as_markdown

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
    force: Force = False,
) -> None:
    """The paper's Figures 1, 3, 4 and 5, each from what is given for it."""
    from benchmarks.figures import Material, draw
    from runtime.bundle import open_bundle
    from runtime.codec import Codec
    from spiking_music.cli.clips import clip_sets

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
def curves(
    picture: Annotated[Path, typer.Argument(metavar="NAME", help="Of .svg, .png and .txt")],
    runs: Annotated[list[str], typer.Argument(metavar="NAME=RUN_DIR...", help="Runs of training")],
    force: Force = False,
) -> None:
    """Learning curves of runs against the time of one core, as a picture and a table."""
    from benchmarks.curves import as_table, draw, read_curve
    from spiking_music.cli.inputs import named

    pairs = [named(text, "run") for text in runs]
    found = [read_curve(name, Path(run)) for name, run in pairs]
    draw(found, picture, shlex.join(["python", "-m", "benchmarks", *sys.argv[1:]]), force)
    print(as_table(found))


@app.command()
def control(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")],
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: spectral-mu]")
    ] = None,
    clips: Clips = None,
    least: Annotated[float, typer.Option(metavar="DB", help="Quality that control keeps")] = 9.0,
    effort: Annotated[str | None, typer.Option(help="best: a search turns entries")] = None,
    json: Json = None,
) -> None:
    """What clips cost when each has its own mu, the largest that keeps a quality, or else 0."""
    from benchmarks.control import measure, write
    from runtime.bundle import SHIPPED, open_bundle
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets
    from spiking_music.effort import codec_of

    codec, _ = codec_of(open_bundle(bundle or SHIPPED / "spectral-mu"), effort)
    sets, _ = clip_sets(data, clips)
    with terminal.progress("control") as progress:
        rows = measure(codec, sets, least, progress)
    write(rows, json)


@app.command()
def turns(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")],
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: spectral]")
    ] = None,
    clips: Clips = None,
    rounds: Annotated[int, typer.Option(help="In each, every frame tries one entry")] = 3,
    json: Json = None,
) -> None:
    """What a search that turns entries of a FREE code, by the sound they make, would gain."""
    from benchmarks.turns import measure, write
    from runtime.bundle import SHIPPED, open_bundle
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets

    sets, _ = clip_sets(data, clips)
    with terminal.progress("turns") as progress:
        rows = measure(open_bundle(bundle or SHIPPED / "spectral"), sets, rounds, progress)
    write(rows, json)


@app.command()
def analysis(
    hours: Annotated[float, typer.Option(help="Of made-up music")] = 20.0,
    json: Json = None,
) -> None:
    """How fast units are analysed, and in how much memory."""
    from benchmarks.analysis import measure, write
    from spiking_music.cli import terminal

    with terminal.progress("analyse") as progress:
        found = measure(hours, progress)
    write(found, json)


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


@app.command()
def lapped(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")],
    bundle: Annotated[
        Path | None, typer.Argument(metavar="BUNDLE", help="[default: lapped]")
    ] = None,
    clips: Clips = None,
    effort: Annotated[
        str, typer.Option(help="certified: the chip's thresholds; better: a host moves them")
    ] = "certified",
    without: Annotated[
        list[str] | None,
        typer.Option(help="thresholds, refiner, noise or corrections: leave it out; repeatable"),
    ] = None,
    kbps: Annotated[
        list[float] | None, typer.Option(help="Of the events; repeatable  [default: 0.7 to 3.445]")
    ] = None,
    steps_of: Annotated[
        Path | None, typer.Option(metavar="BUNDLE", help="At the steps that this one needs")
    ] = None,
    judged: Annotated[bool, typer.Option(help="ViSQOL and note F1, which take minutes")] = False,
    each: Annotated[bool, typer.Option(help="A row a clip")] = False,
    json: Json = None,
) -> None:
    """What a LAPPED bundle needs for 9 dB, and how good it is at each rate."""
    from benchmarks.lapped import RATES, Bench, measure, show
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets

    sets, _ = clip_sets(data, clips)
    bench = Bench(bundle, effort, judged, without or [])
    guide = Bench(steps_of, effort, judged=False) if steps_of else None
    with terminal.progress("lapped") as progress:
        rows = measure(bench, sets, kbps or RATES, guide, progress)
    show(rows, each, json)


@app.command()
def sparse_coding(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")],
    clips: Clips = None,
    json: Json = None,
) -> None:
    """Whether units that inhibit each other need fewer events than thresholds alone."""
    from benchmarks.sparse_coding import measure, write
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets

    sets, _ = clip_sets(data, clips)
    with terminal.progress("sparse_coding") as progress:
        found = measure([clip for group in sets.values() for clip in group], progress)
    write(found, json)


@app.command()
def spikes_today(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")],
    clips: Clips = None,
    json: Json = None,
) -> None:
    """The default model beside the usual spike codes for sound, at equal bits and equal events."""
    from benchmarks.spikes_today import measure, show
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets
    from spiking_music.report.demo import default_clip

    sets, _ = clip_sets(data, clips)
    learned, _ = clip_sets([f"shipped={default_clip().parent}"], None)
    with terminal.progress("spikes") as progress:
        rows = measure([c for s in sets.values() for c in s], learned["shipped"], progress)
    show(rows, json)


@app.command()
def attacks(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips with notes")],
    clips: Clips = None,
    kbps: Annotated[float, typer.Option(help="Of the events")] = 1.5,
    picture: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Spectrograms of the worst")
    ] = None,
) -> None:
    """How the default model smears attacks, and what gains in time would mend."""
    from benchmarks.attacks import measure, show
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets

    sets, _ = clip_sets(data, clips)
    with terminal.progress("attacks") as progress:
        found = measure([c for s in sets.values() for c in s], kbps, progress)
    show(*found, picture)


@app.command()
def spectrograms(
    picture: Annotated[Path, typer.Argument(metavar="FILE.png", help="Where to draw")],
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="The first clip of these")],
    effort: Annotated[str, typer.Option(help="As of lapped")] = "better",
    way: Annotated[
        list[str] | None, typer.Option(help="Of decoding 1.5 kbit/s, as of diffusion; repeat it")
    ] = None,
) -> None:
    """How a clip looks as it is, and at 0.7, 1.5 and 3.445 kbit/s, or as decoded in each way."""
    from benchmarks.lapped import Bench
    from benchmarks.spectrograms import by_rate, by_way, draw
    from spiking_music.cli.clips import clip_sets

    sets, _ = clip_sets(data, 1)
    clip, bench = next(iter(sets.values()))[0], Bench(None, effort, judged=False)
    draw(by_way(clip, bench, way) if way else by_rate(clip, bench), picture)


@app.command()
def trade(
    lapped: Annotated[Path, typer.Argument(metavar="FILE.json", help="Of lapped --judged")],
    compared: Annotated[Path, typer.Argument(metavar="FILE.csv", help="Of compare, same clips")],
    picture: Annotated[Path, typer.Argument(metavar="FILE.png", help="Where to draw")],
) -> None:
    """Quality against bits: the lapped codec beside Opus and the paper's kinds, as a picture."""
    from benchmarks.trade import compared_points, draw, lapped_points

    draw([*lapped_points(lapped), *compared_points(compared)], picture)


@app.command()
def noise(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="Clips, as for evaluate")],
    clips: Clips = None,
    effort: Annotated[str, typer.Option(help="As of lapped")] = "better",
    kbps: Annotated[float, typer.Option(help="Of the events")] = 1.5,
) -> None:
    """How much louder than the original the noise of the default model is, where it is."""
    from benchmarks.lapped import Bench
    from benchmarks.noise import measure, show
    from spiking_music.cli import terminal
    from spiking_music.cli.clips import clip_sets

    sets, _ = clip_sets(data, clips)
    bench = Bench(None, effort, judged=False)
    for name, group in sets.items():
        with terminal.progress(name) as progress:
            found = measure(group, bench, kbps, progress)
        print(name)
        show(found)


@app.command()
def chunks(
    data: Annotated[list[str], typer.Option(metavar="NAME=SOURCE", help="As for evaluate")],
    clips: Annotated[int, typer.Option(help="Of each set")] = 5,
    seconds: Annotated[float, typer.Option(help="Of each")] = 60.0,
    json: Json = None,
) -> None:
    """What it costs the default model that chunks of 1, 6, or all seconds are read alone."""
    from benchmarks.chunks import measure, show, sounds
    from spiking_music.cli import terminal
    from spiking_music.cli.inputs import named

    pairs = [named(text, "--data") for text in data]
    sets = {name: sounds(source, clips, seconds) for name, source in pairs}
    with terminal.progress("chunks") as progress:
        rows = measure(sets, progress=progress)
    show(rows, json)
