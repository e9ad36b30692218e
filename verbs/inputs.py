"""What verbs do with the words they are given: open the model, read sound, settle an output."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.errors import OutputError, SpikingMusicError

if TYPE_CHECKING:
    from runtime.codec import Codec


def open_codec(bundle: Path | None) -> "Codec":
    from runtime.bundle import open_bundle
    from runtime.codec import Codec

    return Codec(open_bundle(bundle))


def read_samples(audio: str, codec: "Codec") -> Any:
    from report import terminal
    from runtime.audio import read_audio

    with terminal.given(audio) as path:
        recording = read_audio(path, codec.manifest.sample_rate)
    for warning in recording.warnings:
        note(warning)
    return recording.samples


def note(message: str) -> None:
    print(f"note: {message}", file=sys.stderr)


def settle_output(source: str, out: str | None, suffix: str, force: bool, as_json: bool) -> str:
    """Settle where an output goes and refuse, before the work, what could not be written."""
    from report import terminal

    if out is None:
        out = "-" if source == "-" else str(Path(source).with_suffix(suffix))
    if out == "-":
        if as_json:
            raise OutputError("--json and the output cannot both go to standard output")
        return out
    terminal.refuse_existing(Path(out), force)
    return out


def named(text: str, option: str) -> tuple[str, str]:
    name, separator, source = text.partition("=")
    if not (name and separator and source):
        raise SpikingMusicError(f"{option} {text}: write NAME=, then where the recordings are")
    return name, source
