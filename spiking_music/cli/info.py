"""What a stored recording holds."""

from spiking_music.cli.inputs import note
from spiking_music.cli.options import AsJson, Stored


def info(spk: Stored, as_json: AsJson = False) -> None:
    """Say what a stored recording holds and what its bits are spent on."""
    from spiking_music.cli import terminal
    from spiking_music.report.storage import stored

    with terminal.given(spk) as path:
        facts = stored(path, note)
    terminal.show(spk, facts, as_json)
