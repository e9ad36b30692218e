"""What a stored recording holds."""

from spiking_music.cli.inputs import note
from spiking_music.cli.options import AsJson, SpkFile


def info(spk: SpkFile, as_json: AsJson = False) -> None:
    """Show what a .spk file holds and how its bits are spent."""
    from spiking_music.cli import terminal
    from spiking_music.report.storage import stored

    with terminal.given(spk) as path:
        facts = stored(path, note)
    terminal.show(spk, facts, as_json)
