"""The application: all verbs, in the order in which a user needs them."""

from collections.abc import Callable
from typing import Annotated

import typer

from spiking_music import __version__
from spiking_music.cli.analyse import analyse
from spiking_music.cli.certify import certify
from spiking_music.cli.chips import chips
from spiking_music.cli.decode import decode
from spiking_music.cli.demo import demo
from spiking_music.cli.encode import encode
from spiking_music.cli.energy import energy
from spiking_music.cli.evaluate import evaluate
from spiking_music.cli.export import export
from spiking_music.cli.fit import fit
from spiking_music.cli.help import Verb, Verbs
from spiking_music.cli.info import info
from spiking_music.cli.inspect import inspect
from spiking_music.cli.listen import make, score
from spiking_music.cli.nir import Nir, check, export_module
from spiking_music.cli.quantise import quantise
from spiking_music.cli.simulate import simulate
from spiking_music.cli.studio import studio
from spiking_music.cli.train import train
from spiking_music.cli.verify import verify

app = typer.Typer(
    name="spiking-music",
    cls=Verbs,
    help="Piano as spikes: an audio codec whose bottleneck runs bit for bit on neuromorphic chips.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # markup would drop "[default: small]"
)
listen = typer.Typer(
    cls=Verbs,
    help="Make a listening test (MUSHRA) and score it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

nir = typer.Typer(
    cls=Nir,
    help="Check a NIR graph, run it, or make one of a torch network.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

VERBS: dict[str, tuple[Callable[..., None], ...]] = {
    "Recordings": (demo, encode, decode, info, verify, studio),
    "Networks on chips": (inspect, quantise, fit, simulate, energy, chips),
    "Models of your own": (train, export, certify, evaluate),
    "Research": (analyse,),
}
for title, verbs in VERBS.items():
    for verb in verbs:
        app.command(cls=Verb, rich_help_panel=title)(verb)
for verb in (make, score):
    listen.command(cls=Verb)(verb)
nir.command("check", cls=Verb)(check)
nir.command("export", cls=Verb)(export_module)
app.add_typer(nir, name="nir", rich_help_panel="Networks on chips")
app.add_typer(listen, name="listen", rich_help_panel="Research")


def _version(wanted: bool) -> None:
    if wanted:
        print("spiking-music", __version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None: ...
