"""Is every byte of a stored recording as it was written?"""

import typer

from spiking_music.cli.inputs import note, tables_to_read
from spiking_music.cli.options import AsJson, ReadBundle, SpkFile


def verify(spk: SpkFile, bundle: ReadBundle = None, as_json: AsJson = False) -> None:
    """Check every byte of a .spk file and list damaged chunks.

    The exit code is 1 if anything is damaged. A file of a LAPPED model that is not shipped needs
    its bundle.
    """
    from runtime.spk.verify import verify as verified
    from spiking_music.cli import terminal

    with terminal.given(spk) as path:
        verdict = verified(path, tables_to_read(path, bundle))
    for message in verdict.notes:
        note(message)
    whole = not verdict.losses
    counts = {"whole": whole, "chunks": verdict.chunks, "events": verdict.events}
    if as_json:
        terminal.print_json(counts | {"losses": [vars(loss) for loss in verdict.losses]})
    else:
        terminal.show(spk, counts, as_json)
        for loss in verdict.losses:
            terminal.say(f"  {loss}")
    if not whole:
        raise typer.Exit(1)
