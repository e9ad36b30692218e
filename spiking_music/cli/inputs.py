"""What verbs do with their arguments: open the model, read sound, determine the output."""

import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from runtime.errors import OutputError, SpikingMusicError
from spiking_music.cli.streams import one_line, standard_input

if TYPE_CHECKING:
    from neuromorphic.graphs.graph import Stage
    from neuromorphic.opening import OpenNetwork
    from runtime.codec import Codec
    from runtime.coders.lapped.tables import Tables


def open_codec(bundle: Path | None, provider: str = "cpu") -> "Codec":
    from runtime.bundle import open_bundle
    from runtime.codec import Codec

    return Codec(open_bundle(bundle, provider))


def read_samples(audio: str, codec: "Codec") -> Any:
    from runtime.audio.recordings import read_audio
    from spiking_music.cli import terminal

    with terminal.given(audio) as path:
        recording = read_audio(path, codec.manifest.sample_rate)
    for warning in recording.warnings:
        note(warning)
    return recording.samples


def typed() -> str:
    """Return the command as it was typed, to be recorded in its outputs."""
    from runtime.to_spk import unicode

    return unicode(shlex.join(["spiking-music", *sys.argv[1:]]))


def audio_source(audio: str) -> Path | int:
    """Return what `opened_audio` takes: a path, or standard input."""
    return standard_input().fileno() if audio == "-" else Path(audio)


@contextmanager
def stored_input(spk: str) -> Iterator[BinaryIO]:
    """Open a stored recording, or standard input, and put its name before any error message."""
    from runtime.spk.reader import naming, opened_spk

    if spk == "-":
        with naming("standard input"):
            yield standard_input()
    else:
        with opened_spk(Path(spk)) as file:
            yield file


def tables_of(bundle: Path | None) -> "Tables | None":
    """The tables of a LAPPED bundle's coder; None for another, or for none."""
    from runtime.bundle import TABLES, open_bundle
    from runtime.coders.lapped.tables import read_tables

    if bundle is None:
        return None
    opened = open_bundle(bundle)
    return read_tables(opened.file(TABLES)) if opened.manifest.lapped else None


def tables_to_read(path: Path, bundle: Path | None) -> "Tables | None":
    """The tables of the bundle given to read a file with; raises for one that it does not need."""
    from runtime.spk.reader import SpkReader, opened_spk

    if bundle is None:
        return None
    with opened_spk(path) as file:
        lapped = SpkReader(file).header.lapped
    if not lapped:
        refuse_idle("a file of version 1, which is read without its model", bundle=bundle)
    tables = tables_of(bundle)
    if tables is None:
        raise SpikingMusicError(f"{bundle}: is no LAPPED bundle; give the one that made {path}")
    return tables


def checked_length(file: BinaryIO) -> int:
    """Check all of a stored recording before decoding; return its number of samples, and rewind."""
    from runtime.spk.reader import SpkReader

    reader = SpkReader(file)
    for _ in reader.stored():
        pass
    file.seek(0)
    return reader.samples


@contextmanager
def stored_output(out: str, force: bool) -> Iterator[BinaryIO]:
    """Open a file for events, which appears only when complete, or standard output."""
    from runtime.files import opened_output

    if out == "-":
        yield sys.stdout.buffer
    else:
        with opened_output(Path(out), force) as file:
            yield file


@contextmanager
def sound_output(
    out: str, sample_rate: int, samples: int | None, force: bool
) -> Iterator[Callable[[Any], None]]:
    """Open a recording, or standard output, and yield the function that writes its blocks."""
    from runtime.audio.writing import audio_file, wav_stream

    if out == "-":
        yield wav_stream(sys.stdout.buffer, sample_rate, samples)
    else:
        with audio_file(Path(out), sample_rate, force, samples, note) as write:
            yield write


def note(message: str) -> None:
    print(f"note: {one_line(message)}", file=sys.stderr)


def refuse_idle(what: str, **options: object) -> None:
    """Raise `SpikingMusicError` if an option was given that does nothing for `what`."""
    for name, value in options.items():
        if value is not None and value is not False:
            raise SpikingMusicError(f"--{name.replace('_', '-')} does nothing for {what}; omit it")


def settle_output(source: str, out: str | None, suffix: str, force: bool, as_json: bool) -> str:
    """Return where the output goes.

    Refuse, before the work, a source that does not exist and an output that cannot be written.
    """
    from runtime.outputs import is_stream, refuse_output

    if source != "-" and not Path(source).exists():
        raise SpikingMusicError(f"{source}: no such file")
    if out is None:
        piped = source == "-" or is_stream(Path(source))
        out = "-" if piped else str(Path(source).with_suffix(suffix))
    if out == "-":
        if as_json:
            raise OutputError(
                "--json and the output cannot both go to stdout; omit --json or name a file"
            )
        if sys.stdout.isatty():
            raise OutputError("stdout is a terminal, which is not for sound or events; name a file")
        return out
    refuse_output(Path(out), force, [Path(source)], streams=True)
    return out


def opened_network(
    path: Path, dt: float | None, dialect: str | None, frame: float | None = None
) -> "OpenNetwork":
    """Open a network; what is odd about it goes to standard error."""
    from neuromorphic.opening import open_network

    opened = open_network(path, dt, dialect)
    for remark in opened.notes:
        note(remark)
    return opened if frame is None else replace(opened, period=frame)


def network_input(said: Sequence[str], opened: "OpenNetwork") -> Any:
    """Read the input of a network, or that of each Input by its name."""
    from neuromorphic.inputs.reading import read_input

    if len(said) == 1 and (opened.graph is None or len(opened.graph.inputs) == 1):
        return read_input(Path(said[0]), opened.input_shape, opened.period)
    if opened.graph is None:
        raise SpikingMusicError(f"--input {' '.join(said)}: this network takes one input")
    shapes = {stage.name: stage.shape for stage in opened.graph.inputs}
    given = files_of("--input", said, opened.graph.inputs)
    return {name: read_input(path, shapes[name], opened.period) for name, path in given.items()}


def read_from(said: Sequence[str]) -> list[Path]:
    """Every path that the values of --input may mean: FILE, or NAME=FILE."""
    return [Path(part) for text in said for part in (text, text.partition("=")[2]) if part]


def files_of(option: str, said: Sequence[str] | None, stages: Sequence["Stage"]) -> dict[str, Path]:
    """Return the file of each Input or Output, which is named where there are several."""
    names = [stage.name for stage in stages]
    if not said:
        return {}
    pairs = [text.partition("=") for text in said]
    found = {name: Path(path) for name, _, path in pairs if name in names and path}
    if not found and len(said) == len(names) == 1:
        return {names[0]: Path(said[0])}
    if len(found) != len(said) or set(found) != set(names):
        wanted = " ".join(f"{option} {name}=FILE.npy" for name in names)
        raise SpikingMusicError(f"{option} {' '.join(said)}: write {wanted}")
    return found


def named(text: str, option: str) -> tuple[str, str]:
    name, separator, source = text.partition("=")
    if not (name and separator and source):
        raise SpikingMusicError(f"{option} {text}: write NAME=SOURCE")
    return name, source
