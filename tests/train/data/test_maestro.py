import csv
import json
from pathlib import Path

import pytest

from runtime.errors import DataError
from train.data.maestro import Maestro, maestro_of

ROWS = [
    {
        "canonical_composer": "A",
        "canonical_title": "One",
        "split": split,
        "year": "2004",
        "midi_filename": f"2004/{split}.midi",
        "audio_filename": f"2004/{split}.wav",
        "duration": "2.0",
    }
    for split in ("train", "validation", "test")
]


def write_csv(root: Path) -> None:
    with (root / "maestro-v3.0.0.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ROWS[0])
        table.writeheader()
        table.writerows(ROWS)


def write_json(root: Path) -> None:
    columns = {name: {str(i): row[name] for i, row in enumerate(ROWS)} for name in ROWS[0]}
    (root / "maestro-v3.0.0.json").write_text(json.dumps(columns))


@pytest.mark.parametrize("write", [write_csv, write_json], ids=["csv", "json"])
def test_both_tables_of_maestro_say_the_same(tmp_path: Path, write) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path)
    (piece,) = Maestro(tmp_path).pieces("validation")
    assert (piece.title, piece.split) == ("A: One", "validation")
    assert piece.midi == tmp_path / "2004/validation.midi"
    assert piece.audio == tmp_path / "2004/validation.wav"


def test_a_folder_without_metadata_and_an_unknown_split_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="maestro"):
        Maestro(tmp_path).pieces("train")
    write_csv(tmp_path)
    with pytest.raises(DataError, match="'dev'"):
        Maestro(tmp_path).pieces("dev")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("maestro.csv", b"a,b\n1,2\n"),
        ("maestro.csv", b"\xff\x00\xfe"),
        ("maestro.json", b"[1, 2]"),
        ("maestro.json", b'{"split": {"0": "train"}}'),
        ("maestro.json", b"{"),
    ],
)
def test_a_damaged_table_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=name):
        Maestro(tmp_path).pieces("train")


def test_a_text_names_the_folder_and_the_pack() -> None:
    assert maestro_of("maestro:music/v3") == Maestro(Path("music/v3"))
    assert maestro_of("maestro:v3:pack.zip") == Maestro(Path("v3"), Path("pack.zip"))
    assert maestro_of("maestro-v3.0.0") is None
