"""Files written when version 1 was settled, in November 2026: they stay readable forever."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from runtime.events import EventMatrix
from runtime.spk.container import SpkHeader, read_spk
from runtime.spk.header import UNKNOWN
from runtime.spk.reader import SpkReader
from runtime.spk.writer import SpkWriter

GOLDEN = Path(__file__).parent / "golden"
MODEL = "00ff00ff00ff00ff"
PAPER = SpkHeader(22050, (5 * 32 - 3) * 512 - 100, 6, 512, 32, "SPARSE", MODEL, coder="paper")
RICE = SpkHeader(
    sample_rate=22050,
    samples=473 * 512 - 511,
    units=12,
    hop=512,
    chunk_frames=24,
    kind="SPARSE",
    model=MODEL,
    coder="rice",
    decoder="diffusion",
    sampler="ddim",
    steps=4,
    seed=2**63 + 5,
)
ADAPTIVE = replace(RICE, coder="adaptive")
STREAM = replace(ADAPTIVE, kind="MU_SPARSE", samples=UNKNOWN)
# name, the matrix, the header, mu of the second chunk, texts, samples
FILES = [
    ("few-units", "few-units", PAPER, 255, {}, PAPER.samples),
    (
        "many-units",
        "many-units",
        replace(PAPER, samples=(5 * 8 - 3) * 512 - 100, units=40, chunk_frames=8, kind="FREE"),
        255,
        {},
        (5 * 8 - 3) * 512 - 100,
    ),
    ("rice", "notes", RICE, 255, {}, RICE.samples),
    (
        "adaptive",
        "notes",
        ADAPTIVE,
        255,
        {"title": "Nocturne in E♭", "source": "by hand"},
        RICE.samples,
    ),
    ("stream", "notes", STREAM, 12, {"title": "a stream"}, RICE.samples),
    ("endless", "notes", replace(STREAM, coder="rice", ended=False, mu=9), 9, {}, 473 * 512),
]
names = pytest.mark.parametrize(
    ("name", "matrix", "header", "mu", "texts", "samples"), FILES, ids=[file[0] for file in FILES]
)


def rows(matrix: str) -> np.ndarray:
    lines = (GOLDEN / f"{matrix}.txt").read_text().split()
    return np.array([[cell == "1" for cell in line] for line in lines])


def test_every_golden_file_is_read() -> None:
    assert {file[0] for file in FILES} == {path.stem for path in GOLDEN.glob("*.spk")}


@names
def test_golden_files_still_read(
    name: str, matrix: str, header: SpkHeader, mu: int, texts: dict[str, str], samples: int
) -> None:
    path = GOLDEN / f"{name}.spk"
    piece = read_spk(path)
    assert (piece.samples, piece.texts) == (samples, texts)
    np.testing.assert_array_equal(piece.events.bits, rows(matrix))
    reader = SpkReader(io.BytesIO(path.read_bytes()))
    assert [chunk.mu for chunk in reader][1] == mu
    assert (reader.header, reader.texts) == (header, texts)


@names
def test_golden_files_are_written_the_same_today(
    name: str, matrix: str, header: SpkHeader, mu: int, texts: dict[str, str], samples: int
) -> None:
    file, bits = io.BytesIO(), rows(matrix)
    writer = SpkWriter(file, header, texts)
    for index, start in enumerate(range(0, bits.shape[1], header.chunk_frames)):
        varied = mu if header.mu == mu else mu * index
        part = bits[:, start : start + header.chunk_frames]
        writer.write(EventMatrix.from_bits(part), varied)
    writer.close(samples)
    assert file.getvalue() == (GOLDEN / f"{name}.spk").read_bytes()
