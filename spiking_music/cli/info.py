"""What a stored recording holds."""

from spiking_music.cli.inputs import note, tables_to_read
from spiking_music.cli.options import AsJson, ReadBundle, SpkFile


def info(spk: SpkFile, bundle: ReadBundle = None, as_json: AsJson = False) -> None:
    """Show what a .spk file holds and how its bits are spent.

    A file of a LAPPED model that is not shipped needs its bundle.
    """
    from spiking_music.cli import terminal
    from spiking_music.report.storage import stored

    with terminal.given(spk) as path:
        facts = stored(path, note, tables_to_read(path, bundle))
    terminal.show(spk, facts, as_json)
