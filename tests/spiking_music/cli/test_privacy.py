"""Nothing is sent, and nothing is left in the user's folders."""

import os
import subprocess
import sys
from pathlib import Path

from runtime.bundle import Bundle


def test_encoding_leaves_nothing_in_the_home_and_the_temporary_folder(
    toy_bundle: Bundle, piece: Path, tmp_path: Path
) -> None:
    places = {name: str(tmp_path / name) for name in ("HOME", "TMPDIR")}
    for place in places.values():
        Path(place).mkdir()
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("XDG_") and name != "ORT_DISABLE_TELEMETRY"
    }
    for words in (
        ("encode", piece, tmp_path / "x.spk", "--bundle", toy_bundle.path),
        ("decode", tmp_path / "x.spk", tmp_path / "x.wav", "--bundle", toy_bundle.path),
    ):
        command = [sys.executable, "-m", "spiking_music", *map(str, words)]
        subprocess.run(command, env=kept | places, check=True)
    left = [path for place in places.values() for path in Path(place).rglob("*")]
    assert left == []
