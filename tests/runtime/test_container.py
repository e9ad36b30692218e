import re
import tracemalloc
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.container import FRAMING_BYTES, HEADER_BYTES, SpkHeader, read_spk, sizes, write_spk
from runtime.errors import FormatError, OutputError
from runtime.events import EventMatrix

GOLDEN = Path(__file__).parent / "golden"
FEW = GOLDEN / "few-units.spk"
MODEL = "0123456789abcdef"
# The file of a test is written anew for each example.
anew = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def header(units: int, samples: int, hop: int = 8, chunk_frames: int = 16) -> SpkHeader:
    return SpkHeader(22050, samples, units, hop, chunk_frames, "FREE", MODEL)


@st.composite
def recordings(draw: st.DrawFn) -> tuple[SpkHeader, EventMatrix]:
    head = header(
        draw(st.integers(1, 9)),
        draw(st.integers(0, 400)),
        draw(st.integers(1, 20)),
        draw(st.integers(1, 30)),
    )
    density = draw(st.sampled_from([0.0, 0.02, 0.2, 0.5, 1.0]))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    return head, EventMatrix(random.random((head.units, head.frames)) < density)


def page_reader():
    """The reader that the page of the format shows."""
    page = (Path(__file__).parents[2] / "docs" / "spk-format.md").read_text()
    scope: dict = {}
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL).group(1), scope)
    return scope["read"]


READ = page_reader()


@anew
@given(recordings())
def test_what_is_written_is_read(tmp_path: Path, recording: tuple[SpkHeader, EventMatrix]) -> None:
    path = tmp_path / "a.spk"
    write_spk(path, *recording, overwrite=True)
    assert read_spk(path) == recording
    parts = sizes(path)
    assert parts.total == path.stat().st_size
    assert (parts.header, parts.framing) == (HEADER_BYTES, FRAMING_BYTES * recording[0].chunks)


@anew
@given(recordings())
def test_the_reader_of_the_page_agrees(
    tmp_path: Path, recording: tuple[SpkHeader, EventMatrix]
) -> None:
    head, events = recording
    path = tmp_path / "a.spk"
    write_spk(path, head, events, overwrite=True)
    rate, samples, rows = READ(path.read_bytes())
    assert (rate, samples) == (head.sample_rate, head.samples)
    np.testing.assert_array_equal(np.array(rows).reshape(events.bits.shape), events.bits)


@anew
@given(recordings(), st.data())
def test_every_damaged_byte_is_found(
    tmp_path: Path, recording: tuple[SpkHeader, EventMatrix], data: st.DataObject
) -> None:
    path = tmp_path / "a.spk"
    write_spk(path, *recording, overwrite=True)
    whole = bytearray(path.read_bytes())
    whole[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(whole)
    with pytest.raises(FormatError, match=r"a\.spk: "):
        read_spk(path)


def test_every_byte_of_one_file_is_watched(tmp_path: Path) -> None:
    whole = FEW.read_bytes()
    path = tmp_path / "a.spk"
    for place in range(len(whole)):
        for flip in (1, 0x80, 0xFF):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
            with pytest.raises(FormatError):
                read_spk(path)


def test_every_cut_is_found(tmp_path: Path) -> None:
    whole = FEW.read_bytes()
    path = tmp_path / "a.spk"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(FormatError):
            read_spk(path)


def test_bytes_behind_the_end_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    path.write_bytes(FEW.read_bytes() + b"\0")
    with pytest.raises(FormatError, match="bytes follow"):
        sizes(path)


@given(content=st.binary(max_size=300))
@anew
def test_any_bytes_are_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.spk"
    for start in (b"", b"\x89SPK\x01"):
        path.write_bytes(start + content)
        with pytest.raises(FormatError) as caught:
            read_spk(path)
        assert "\n" not in str(caught.value)


def test_a_short_file_cannot_ask_for_much_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    write_spk(path, header(80, 0), EventMatrix(np.zeros((80, 0), np.bool_)))
    body = bytearray(path.read_bytes()[:-4])
    body[9:17] = (26_000_000 * 8).to_bytes(8, "little")  # 2 GB of cells, and a checksum that fits
    path.write_bytes(body + zlib.crc32(body).to_bytes(4, "little"))
    tracemalloc.start()
    with pytest.raises(FormatError, match="too short"):
        read_spk(path)
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("sample_rate", 0),
        ("samples", -1),
        ("samples", 2**60),
        ("samples", 2**48),
        ("units", 0),
        ("units", 65_536),
        ("hop", 0),
        ("chunk_frames", 0),
        ("chunk_frames", 65_535),
        ("kind", "free"),
        ("coder", "zip"),
        ("model", "0123"),
        ("model", "0123456789ABCDEF"),
    ],
)
def test_impossible_headers_are_refused(field: str, value: object) -> None:
    with pytest.raises(FormatError, match="header"):
        replace(header(80, 100), **{field: value})


def test_a_header_for_another_matrix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="2 x 13"):
        write_spk(tmp_path / "a.spk", header(2, 100), EventMatrix(np.zeros((2, 12), np.bool_)))
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    path.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        write_spk(path, header(1, 0), EventMatrix(np.zeros((1, 0), np.bool_)))
    assert path.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["nowhere.spk", "."])
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match="cannot be read"):
        read_spk(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "units", "chunk_frames", "kind"),
    [("few-units", 6, 32, "SPARSE"), ("many-units", 40, 8, "FREE")],
)
def test_golden_files_still_read(name: str, units: int, chunk_frames: int, kind: str) -> None:
    """Written in 2026: chunks in dense, coo, time (few units) or units (many), none, coo cut."""
    rows = (GOLDEN / f"{name}.txt").read_text().split()
    expected = np.array([[cell == "1" for cell in row] for row in rows])
    samples = (5 * chunk_frames - 3) * 512 - 100
    model = "00ff00ff00ff00ff"
    head, events = read_spk(GOLDEN / f"{name}.spk")
    assert head == SpkHeader(22050, samples, units, 512, chunk_frames, kind, model)
    np.testing.assert_array_equal(events.bits, expected)


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.spk")), ids=lambda path: path.stem)
def test_golden_files_are_written_the_same_today(golden: Path, tmp_path: Path) -> None:
    write_spk(tmp_path / "a.spk", *read_spk(golden))
    assert (tmp_path / "a.spk").read_bytes() == golden.read_bytes()
