"""What can go wrong with a listening test."""

from runtime.errors import SpikingMusicError


class ListeningError(SpikingMusicError):
    """The test cannot be made or scored; the message names the condition, file or value."""
