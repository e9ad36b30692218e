"""What people hear: a listening test to give away, and its score."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from spiking_music.cli.clips import clip_sets
from spiking_music.cli.inputs import named, typed
from spiking_music.cli.options import AsJson, Force, finite


def make(
    out: Annotated[Path, typer.Argument(metavar="OUT.html", help="The new page")],
    bundle: Annotated[
        list[Path] | None,
        typer.Option(metavar="BUNDLE", help="Bundle to test; repeatable", show_default="lapped"),
    ] = None,
    decoder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Decoder to test, or steps of diffusion such as ddim_4; repeatable",
            show_default="the bundle's",
        ),
    ] = None,
    mu: Annotated[
        list[int] | None,
        typer.Option(
            metavar="0..31",
            min=0,
            max=31,
            help="Rate of MU_SPARSE bundles; repeatable",
            show_default="16",
        ),
    ] = None,
    opus: Annotated[
        list[float] | None,
        typer.Option(
            parser=finite,
            metavar="6..256",
            help="Bit rate of Opus to test beside it, kbit/s; repeatable",
        ),
    ] = None,
    folder: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=DIR",
            help="Folder of sounds that another codec decoded, named like the clips; repeatable",
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SOURCE",
            help="Recordings, as for evaluate; repeatable",
            show_default="the clips that ship",
        ),
    ] = None,
    clips: Annotated[int, typer.Option(metavar="N", min=1, help="Clips of each set")] = 5,
    title: Annotated[
        str, typer.Option(metavar="TEXT", help="Title of the page")
    ] = "Listening test",
    post: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Address to which the page may send its results"),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a listening test as one HTML page (ITU-R BS.1534-3).

    The page holds all sounds and needs no server.
    """
    from runtime.bundle import open_bundle
    from runtime.errors import ListeningError
    from runtime.files import replacing
    from runtime.kinds import CLIPS
    from runtime.outputs import refuse_output
    from spiking_music.cli import terminal
    from spiking_music.listening import conditions as heard
    from spiking_music.listening.page import Words, page
    from spiking_music.listening.trials import identity, render

    refuse_output(out, force)
    sets, skipped = clip_sets(data or [f"shipped={CLIPS}"], clips)
    conditions = heard.always()
    models = [open_bundle(path) for path in bundle] if bundle else [open_bundle()]
    if mu and all(not model.manifest.has_mu for model in models):
        raise ListeningError(f"--mu {mu[0]}: none of the bundles is MU_SPARSE; omit --mu")
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
    few = f"BS.1534-3 asks for at least {asked} clips to compare this many systems; see --data"
    return few if clips < asked else None


def score(
    results: Annotated[
        list[Path], typer.Argument(metavar="RESULTS", help="Result files that listeners saved")
    ],
    screening: Annotated[
        Literal["bs1534", "paper", "none"],
        typer.Option(help="Rule by which listeners are excluded"),
    ] = "bs1534",
    figure: Annotated[
        Path | None, typer.Option(metavar="NAME", help="Draw the figures NAME.svg and NAME.png")
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Score the results: means with intervals, and pairwise wins."""
    from spiking_music.cli import terminal
    from spiking_music.listening import score as scoring
    from spiking_music.listening.results import read_results

    if figure is not None:
        from spiking_music.figures.style import refuse_existing

        refuse_existing(figure, force, results)
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
            f"  {clip}: over 25 % of listeners mistake its 7 kHz anchor for the reference; "
            "bs1534 keeps them"
        )
    print()
    terminal.show_rows(scoring.mean_rows(found))
    print()
    terminal.show_rows(scoring.duel_rows(found))
