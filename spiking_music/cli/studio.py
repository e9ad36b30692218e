"""The studio, a page in the browser."""

from typing import Annotated

import typer

from spiking_music.cli.inputs import open_codec
from spiking_music.cli.options import OfBundle


def studio(
    bundle: OfBundle = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0: one that is free")] = 8765,
) -> None:
    """Take recordings apart into spikes and hear them, on a page in the browser."""
    from spiking_music.studio.run import run

    codec = open_codec(bundle)
    run(codec, port, lambda address: print(f"{address}  (Ctrl-C ends it)", flush=True))
