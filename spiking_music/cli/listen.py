"""What people hear: a listening test to give away, and its score."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from spiking_music.cli.clips import clip_sets
from spiking_music.cli.inputs import named, typed
from spiking_music.cli.options import AsJson, Force

_CLIPS = Path(__file__).parents[2] / "runtime" / "clips"


def make(
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="The page to make")],
    bundle: Annotated[
        list[Path] | None, typer.Option(metavar="DIR", help="[default: the shipped one]; repeat it")
    ] = None,
    decoder: Annotated[
        list[str] | None,
        typer.Option(metavar="diffusion|fast", help="[default: the bundle's]; repeat it"),
    ] = None,
    mu: Annotated[
        list[int] | None,
        typer.Option(min=0, max=31, help="Of MU_SPARSE bundles  [default: 16]; repeat it"),
    ] = None,
    opus: Annotated[
        list[float] | None,
        typer.Option(metavar="KBPS", min=6, max=256, help="Opus beside it; repeat it"),
    ] = None,
    folder: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=DIR", help="Decoded sounds, named as the clips; repeat it"),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=SOURCE", help="As in evaluate  [default: the shipped clips]"),
    ] = None,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="Of each set")] = 5,
    title: Annotated[str, typer.Option(help="Of the page")] = "Listening test",
    post: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the page may send its results")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a page that tests what people hear: ITU-R BS.1534-3, in one file, without a network."""
    from runtime.bundle import open_bundle
    from runtime.files import replacing
    from spiking_music.cli import terminal
    from spiking_music.listening import conditions as heard
    from spiking_music.listening.errors import ListeningError
    from spiking_music.listening.page import Words, page
    from spiking_music.listening.trials import identity, render

    terminal.refuse_existing(out, force)
    sets, skipped = clip_sets(data or [f"shipped={_CLIPS}"], clips)
    conditions = heard.always()
    models = [open_bundle(path) for path in bundle] if bundle else [open_bundle()]
    if mu and all(model.manifest.kind != "MU_SPARSE" for model in models):
        raise ListeningError(f"--mu {mu[0]}: no bundle here is MU_SPARSE; leave it away")
    for model in models:
        conditions += heard.of_bundle(model, decoder or (), mu or ())
    conditions += [heard.of_opus(kbps) for kbps in opus or []]
    for name, where in (named(text, "--folder") for text in folder or []):
        conditions.append(heard.of_folder(name, Path(where)))
    chosen = [clip for part in sets.values() for clip in part]
    with terminal.progress("listen") as progress:
        trials = render(chosen, heard.checked(conditions), progress)
    text = page(trials, Words(title, post))
    with replacing(out, force) as temporary:
        temporary.write_text(text, encoding="utf-8")
    facts: dict[str, Any] = {
        "test": identity(trials),
        "clips": ", ".join(trial.clip for trial in trials),
        "conditions": ", ".join(condition.name for condition in conditions),
        "bytes": out.stat().st_size,
        "advice": _advice(len(trials), heard.clips_asked(conditions)),
        "skipped": "; ".join(skipped) or None,
    }
    terminal.show(str(out), facts, as_json)


def _advice(clips: int, asked: int) -> str | None:
    few = f"BS.1534-3 asks for at least {asked} clips to compare so many systems: see --data"
    return few if clips < asked else None


def score(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULTS...", help="What listeners saved")
    ],
    screening: Annotated[
        Literal["bs1534", "paper", "none"], typer.Option(help="Whose ratings count")
    ] = "bs1534",
    figure: Annotated[
        Path | None, typer.Option(metavar="NAME", help="Draw NAME.svg and NAME.png")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say what listeners heard: means with intervals, and who wins against whom."""
    from spiking_music.cli import terminal
    from spiking_music.listening import score as scoring
    from spiking_music.listening.results import read_results

    found = scoring.score(read_results(results), screening)
    if figure is not None:
        from spiking_music.figures.ratings import ratings
        from spiking_music.figures.style import save

        told = f"{scoring.caption(found)}\n{typed()}"
        save(ratings(found.means, found.duels), figure, told, force)
    if as_json:
        terminal.print_json(scoring.as_json(found))
        return
    for name, size in found.kept.items():
        mark = "*" if name == screening else " "
        print(f"{mark} {name:<6} {size['listeners']} listeners, {size['trials']} trials")
    for clip in found.undegraded:
        print(
            f"  {clip}: more than 25 % take its 7 kHz anchor for the reference; bs1534 spares them"
        )
    print()
    terminal.show_rows(scoring.mean_rows(found))
    print()
    terminal.show_rows(scoring.duel_rows(found))
