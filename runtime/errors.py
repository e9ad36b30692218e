"""What can go wrong, as one tree: every message is a single line that a user can act on.

SpikingMusicError
├── AudioError            a recording, or samples
├── FormatError           a .spk file or a payload
├── EventsError           events that are no matrix
├── BundleError           a model
├── OutputError           what is to be written
├── MissingPackageError   an optional package
├── ChipError             a hardware description
├── GraphError            a network
├── SimulationError       a simulator in a process of its own
├── ConfigError           the settings of a training
├── DataError             its music
│   ├── PianoError        a pack of piano samples
│   └── PerformanceError  a MIDI file
├── TrainingError         a run
│   └── CheckpointError   what it has saved
├── ExportError           from a run to a model
├── ListeningError        a listening test
└── StudioError           what the studio refuses, in `spiking_music.studio.errors`
"""


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


class SimulationError(SpikingMusicError):
    """The simulator died or took too long."""


class ConfigError(SpikingMusicError):
    """A preset or an override that does not fit the tree of settings."""


class DataError(SpikingMusicError):
    """Music that cannot be used: none is there, or none that can be read."""


class PianoError(DataError):
    """A pack of piano samples that cannot be used."""


class PerformanceError(DataError):
    """A MIDI file that cannot be read as a piano performance."""


class TrainingError(SpikingMusicError):
    """A run that cannot start or cannot go on."""


class CheckpointError(TrainingError):
    """A checkpoint that is missing, truncated, or of other settings."""


class ExportError(SpikingMusicError):
    """A run that cannot be exported, with the reason."""


class ListeningError(SpikingMusicError):
    """A listening test that cannot be made or scored."""


def one_line(error: BaseException) -> str:
    """Return what somebody else's error says as one line of at most 200 letters, or its class."""
    return " ".join(str(error).split())[:200] or type(error).__name__
