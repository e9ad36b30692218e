import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import agreement
from benchmarks.agreement import measure, write
from runtime.audio.recordings import write_audio
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.to_spk import Storage, to_spk


@pytest.fixture
def stored(toy_bundle: Bundle, tmp_path: Path) -> tuple[Path, Path]:
    """A file, and what diffusion in two steps makes of it, in 16 bits."""
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    codec, spk, heard = Codec(toy_bundle), tmp_path / "a.spk", tmp_path / "elsewhere.wav"
    with spk.open("wb") as file:
        to_spk(codec, [sound], len(sound), file, Storage())
    decoded = codec.decode(codec.encode(sound, 22050), "diffusion", 2)
    write_audio(heard, decoded, codec.manifest.sample_rate)
    return spk, heard


def test_every_way_is_compared_with_the_usual_one(
    toy_bundle: Bundle, stored: tuple[Path, Path], tmp_path: Path
) -> None:
    spk, heard = stored
    figures = measure(toy_bundle.path, spk, [heard], 2, lambda share: None)
    write(figures, tmp_path / "figures.json")
    assert json.loads((tmp_path / "figures.json").read_text()) == figures
    rows = {(row["decoder"], row["way"]): row["largest"] for row in figures["rows"]}
    assert {decoder for decoder, _ in rows} == {"fast", "diffusion"}
    assert ("fast", "graphs as they are") in rows
    assert 0 < rows["diffusion", "elsewhere"] <= 1 / 32_768


def test_what_differs_more_than_is_allowed_is_an_error(
    toy_bundle: Bundle, stored: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "AIM", 1e-9)
    figures = measure(toy_bundle.path, *stored[:1], [stored[1]], 2, lambda share: None)
    with pytest.raises(SpikingMusicError, match="differ"):
        write(figures, None)
