"""The studio, a page in the browser."""

from typing import Annotated

import typer

from spiking_music.cli.inputs import open_codec
from spiking_music.cli.options import PaperBundle


def studio(
    bundle: PaperBundle = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65535, metavar="N", help="Port of the local page; 0 picks a free one"
        ),
    ] = 8765,
) -> None:
    """Open a local page to see, hear and mute spikes."""
    from runtime.bundle import PAPER
    from spiking_music.studio.run import run

    codec = open_codec(bundle or PAPER)
    run(codec, port, lambda address: print(f"{address}  (press Ctrl-C to stop)", flush=True))
