"""What can go wrong, as one small tree: every message is a single line a user can act on."""


class SpikingMusicError(Exception):
    """An error whose message names the thing, the value and what to do; the CLI exits with 2."""


class AudioError(SpikingMusicError):
    """The recording cannot be read or written."""


class FormatError(SpikingMusicError):
    """The `.spk` file or one of its payloads is damaged, or is not one."""


class BundleError(SpikingMusicError):
    """The model bundle is missing, incomplete, or differs from its manifest."""


class OutputError(SpikingMusicError):
    """The output cannot be written: it exists already, or its folder does not."""


class EventsError(SpikingMusicError, ValueError):
    """The events are no matrix of their size, or too many to be made dense."""


class ChipError(SpikingMusicError):
    """The hardware description is unknown or contradicts itself."""


class GraphError(SpikingMusicError):
    """The NIR graph is not one this project can run."""


class MissingPackageError(SpikingMusicError):
    """An optional package is needed; the message says how to install it."""


def one_line(error: BaseException) -> str:
    """Return what somebody else's error says as one line of at most 200 letters, or its class."""
    return " ".join(str(error).split())[:200] or type(error).__name__
