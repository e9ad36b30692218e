"""The tree of all errors; every message is one line that tells the user what to do.

SpikingMusicError
├── AudioError            a recording, or samples
├── FormatError           a .spk file or a payload
├── EventsError           an event matrix
├── BundleError           a model
├── OutputError           a file to be written
├── MissingPackageError   an optional package
├── ChipError             a hardware description
├── GraphError            a network
├── SimulationError       a simulator, which runs in its own process
├── ConfigError           training settings
├── DataError             training music
│   ├── PianoError        a pack of piano samples
│   └── PerformanceError  a MIDI file
├── TrainingError         a training run
│   └── CheckpointError   its checkpoint
├── ExportError           exporting a run as a model, or a torch network to NIR
├── ListeningError        a listening test
└── StudioError           a request to the studio, in `spiking_music.studio.errors`
"""


class SpikingMusicError(Exception):
    """An error whose message names the thing, the value and what to do; the CLI exits with 2."""


class AudioError(SpikingMusicError):
    """The recording cannot be read or written."""


class FormatError(SpikingMusicError):
    """The file is not a `.spk` file, or it or one of its payloads is damaged."""


class BundleError(SpikingMusicError):
    """The model bundle is missing, incomplete, or differs from its manifest."""


class OutputError(SpikingMusicError):
    """The output cannot be written: it exists already, or its folder does not."""


class EventsError(SpikingMusicError, ValueError):
    """The events do not form a matrix of the stated size, or are too many for a dense one."""


class ChipError(SpikingMusicError):
    """The hardware description is unknown or contradicts itself."""


class GraphError(SpikingMusicError):
    """The network is not one that this project can run."""


class MissingPackageError(SpikingMusicError):
    """An optional package is needed; the message says how to install it."""


class SimulationError(SpikingMusicError):
    """The simulator died or took too long."""


class ConfigError(SpikingMusicError):
    """A preset or an override does not fit the tree of settings."""


class DataError(SpikingMusicError):
    """There is no music here, or none that can be read."""


class PianoError(DataError):
    """A pack of piano samples cannot be used."""


class PerformanceError(DataError):
    """A MIDI file cannot be read as a piano performance."""


class TrainingError(SpikingMusicError):
    """A training run cannot start or cannot go on."""


class CheckpointError(TrainingError):
    """A checkpoint is missing, truncated, or belongs to other settings."""


class ExportError(SpikingMusicError):
    """A run, or a network of torch, cannot be exported; the message says why."""


class ListeningError(SpikingMusicError):
    """A listening test cannot be made or scored."""


def one_line(error: BaseException) -> str:
    """Return the message of any error as one line of at most 200 letters, or its class name."""
    return " ".join(str(error).split())[:200] or type(error).__name__
