"""Piano as spikes: an audio codec whose bottleneck runs bit for bit on neuromorphic chips.

    import spiking_music as sm

    codec = sm.load()
    samples, rate = sm.read_audio("piece.wav")
    sm.write("piece.spk", codec.encode(samples, rate))
    piece = sm.read("piece.spk")
    sm.write_audio("decoded.wav", codec.decode(piece), piece.sample_rate)

Everything public is in `__all__`. Importing this package does not load a model or the libraries
that run one; the first call that needs them does.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from runtime.errors import (
    AudioError,
    BundleError,
    ChipError,
    EventsError,
    FormatError,
    GraphError,
    MissingPackageError,
    OutputError,
    SpikingMusicError,
)

if TYPE_CHECKING:
    from export.torch_nir import to_nir
    from neuromorphic.opening import open_network
    from runtime.audio.samples import Samples
    from runtime.codec import Codec
    from runtime.events import EventMatrix
    from runtime.piece import Piece
    from runtime.playback import Playback

__all__ = [
    "AudioError",
    "BundleError",
    "ChipError",
    "Codec",
    "EventMatrix",
    "EventsError",
    "FormatError",
    "GraphError",
    "MissingPackageError",
    "OutputError",
    "Piece",
    "Playback",
    "SpikingMusicError",
    "__version__",
    "load",
    "open_network",
    "read",
    "read_audio",
    "to_nir",
    "write",
    "write_audio",
]

__version__ = "0.1.0"

# The modules of the names that are imported when first used.
_LATER: Final = {
    "Codec": "runtime.codec",
    "EventMatrix": "runtime.events",
    "Piece": "runtime.piece",
    "Playback": "runtime.playback",
    "open_network": "neuromorphic.opening",
    "to_nir": "export.torch_nir",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


def __dir__() -> list[str]:
    return __all__


def load(
    bundle: Path | str = "lapped", provider: str | None = None, effort: str | None = None
) -> "Codec":
    """Load a trained model: `lapped`, `small`, `small-mu`, `spectral`, `spectral-mu`, or a folder.

    `provider` computes it: cuda, cpu or openvino; for None, cuda if it works, else cpu. With the
    `effort` best the codec of a FREE model also turns entries, by their sound, which takes torch.
    Raises `BundleError` for a folder that is not a bundle or differs from its manifest, and
    `SpikingMusicError` for a provider that is not installed, or an effort that is not the model's.
    """
    from runtime.bundle import open_bundle
    from runtime.providers import chosen_provider
    from spiking_music.effort import codec_of

    return codec_of(open_bundle(Path(bundle), chosen_provider(provider)), effort)[0]


def read(path: Path | str) -> "Piece":
    """Read a `.spk` file and check every byte of it; raises `FormatError` naming what is damaged.

    A file that is too long for memory can be read by chunks, see `docs/streaming.md`.
    """
    from runtime.spk.container import read_spk

    return read_spk(Path(path))


def write(path: Path | str, piece: "Piece", coder: str = "adaptive", force: bool = False) -> None:
    """Write a piece to a `.spk` file, which appears only when it is complete.

    `coder` codes the events: adaptive (the smallest), rice, or paper (arXiv 2402.01571, section 2).
    `force` overwrites an existing file. Raises `OutputError` when the file cannot be written,
    `FormatError` for a piece that the format cannot hold and for an unknown coder.
    """
    from runtime.spk.container import write_spk

    write_spk(Path(path), piece, coder, force)


def read_audio(path: Path | str, rate: int | None = None) -> "tuple[Samples, int]":
    """Read a recording: `(samples (n,) float32, rate in Hz)`, full scale 1.0, channels averaged.

    It is resampled to `rate`, or for None keeps the rate of the file. Warns if the recording is
    silent or clipped. Raises `AudioError` for a file that is missing, not audio, truncated or
    empty, or holds NaN or infinity.
    """
    import warnings

    from runtime.audio.recordings import read_audio as read_recording

    recording = read_recording(Path(path), rate)
    for warning in recording.warnings:
        warnings.warn(warning, stacklevel=2)
    return recording.samples, rate or recording.source_rate


def write_audio(path: Path | str, samples: Any, rate: int, force: bool = False) -> None:
    """Write `samples (n,)` at `rate` Hz as 16-bit PCM: FLAC for `.flac`, WAV for `.wav`.

    Floats have a full scale of 1.0, and values beyond it are clipped; uint8, int16 and int32 have
    the full scale of the dtype. `force` overwrites an existing file. Raises `AudioError` for no
    samples, another shape, NaN or infinity, and `OutputError` for another suffix or when the file
    cannot be written.
    """
    import numpy as np

    from runtime.audio.recordings import write_audio as write_recording
    from runtime.audio.signal import mono_signal

    if np.ndim(samples) != 1:
        raise AudioError(f"{path}: samples of shape {np.shape(samples)}; give one channel, (n,)")
    write_recording(Path(path), mono_signal(samples, rate, rate), rate, force)
