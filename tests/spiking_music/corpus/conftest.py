"""A small corpus, what encodes it, and how its outputs are checked."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.bundle import Bundle
from runtime.spk.verify import verify
from runtime.to_spk import Storage
from spiking_music.corpus.encoding import encode_item
from spiking_music.corpus.recipe import Recipe
from spiking_music.corpus.window import Work

LENGTHS = {"a.wav": 9_999, "b.flac": 512, "deep/er/c.wav": 1, "z.wav": 3_000}


def write_recording(path: Path, samples: int) -> None:
    """Write a recording at 22 050 Hz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.random.default_rng(samples).normal(0, 0.1, samples), 22_050)


@pytest.fixture
def write() -> Callable[[Path, int], None]:
    """What writes a recording of so many samples."""
    return write_recording


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder tree of four recordings."""
    for name, samples in LENGTHS.items():
        write_recording(tmp_path / "music" / name, samples)
    return tmp_path / "music"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Where the outputs go; not there yet."""
    return tmp_path / "out"


@pytest.fixture
def recipe(toy_bundle: Bundle) -> Recipe:
    return Recipe(toy_bundle.path, toy_bundle.manifest.model_hash, Storage())


@pytest.fixture
def work(recipe: Recipe) -> Work:
    return partial(encode_item, recipe)


@pytest.fixture
def outputs() -> Callable[[Path], dict[str, bytes]]:
    """What returns the outputs below a folder by name, each checked, and nothing left over."""

    def read(folder: Path) -> dict[str, bytes]:
        files = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
        files.pop("summary.json", None)
        for path in files.values():
            assert path.suffix == ".spk", path
            assert not path.name.startswith("."), path
            assert not verify(path).losses, path
        return {name: path.read_bytes() for name, path in files.items()}

    return read
