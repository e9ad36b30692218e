"""List the recordings of a corpus and the outputs they are encoded to."""

import io
import posixpath
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from runtime.audio.recordings import AUDIO_SUFFIXES
from runtime.errors import SpikingMusicError
from spiking_music.corpus.manifests import is_manifest, named_in
from spiking_music.corpus.places import below, is_address, store_of


@dataclass(frozen=True)
class Item:
    """A recording: its `source`, the `target` for its events, and its `name` in messages."""

    source: str
    target: str
    name: str


@dataclass(frozen=True)
class Listing:
    """The `items` of a corpus by name, and the `clashes`: items that share a target.

    `left_out` are names of files in a folder that are not recordings, judging by the suffix.
    """

    items: tuple[Item, ...]
    clashes: tuple[Item, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """Recordings, both those of `items` and those of `clashes`."""
        return len(self.items) + len(self.clashes)


def is_corpus(place: str) -> bool:
    """Return whether a place can hold many recordings: a folder, a list, or an address."""
    return is_address(place) or is_manifest(place) or Path(place).is_dir()


def alone(source: str, target: str) -> Listing:
    """Return the listing of a single recording."""
    return Listing((Item(source, target, posixpath.basename(source)),))


def listed(place: str, out: str) -> Listing:
    """Return the recordings of a folder tree or a list, or the one that an address names.

    An output has the name of its recording below `out`, with the suffix `.spk`. Hidden files are
    left out. Raises `SpikingMusicError` when the place does not exist or holds no recordings.
    """
    store, path = store_of(place)
    left_out: list[str] = []
    if store.isdir(path):
        found = store.find(path, detail=True)
        names = list(_visible([at for at in found if found[at]["type"] == "file"], path))
        sources = {name: below(place, name) for name in names if _is_recording(name)}
        left_out = sorted(set(names) - set(sources))
    elif not store.isfile(path):
        raise SpikingMusicError(f"{place}: no such file or folder")
    elif is_manifest(place):
        text = store.cat_file(path).decode("utf-8-sig", "surrogateescape")
        sources = named_in(place, io.StringIO(text))
    else:
        sources = {posixpath.basename(path): place}
    if not sources:
        raise SpikingMusicError(f"{place}: holds no recordings ({', '.join(AUDIO_SUFFIXES)})")
    items = [
        Item(source, below(out, f"{posixpath.splitext(name)[0]}.spk"), name)
        for name, source in sorted(sources.items())
    ]
    uses = Counter(item.target for item in items)
    unique = tuple(item for item in items if uses[item.target] == 1)
    clashes = tuple(item for item in items if uses[item.target] > 1)
    return Listing(unique, clashes, tuple(left_out))


def _visible(paths: Iterable[str], root: str) -> Iterator[str]:
    for path in paths:
        name = path.removeprefix(root.rstrip("/")).lstrip("/")
        if not any(part.startswith(".") for part in name.split("/")):
            yield name


def _is_recording(name: str) -> bool:
    return name.lower().endswith(AUDIO_SUFFIXES)
