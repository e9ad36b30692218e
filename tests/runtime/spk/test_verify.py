import itertools
from pathlib import Path

import pytest

from runtime.errors import FormatError
from runtime.spk.container import read_spk
from runtime.spk.header import HEADER_BYTES
from runtime.spk.verify import verify

GOLDEN = Path(__file__).parents[1] / "golden"
FEW = GOLDEN / "few-units.spk"


@pytest.mark.parametrize("golden", sorted(GOLDEN.glob("*.spk")), ids=lambda path: path.stem)
def test_golden_files_are_whole(golden: Path) -> None:
    verdict = verify(golden)
    assert verdict.losses == verdict.notes == ()
    assert verdict.events == read_spk(golden).events.count > 0


def test_every_single_byte_is_watched_and_named(tmp_path: Path) -> None:
    """Exhaustive: every byte of a small file, each of its bits and all of them."""
    whole = FEW.read_bytes()
    starts = [HEADER_BYTES]
    while whole[starts[-1] : starts[-1] + 2] == b"\xa5\x5a":
        length = int.from_bytes(whole[starts[-1] + 13 : starts[-1] + 16], "little")
        starts.append(starts[-1] + 20 + length)
    path = tmp_path / "a.spk"
    flips = [1 << bit for bit in range(8)] + [255]
    for place, flip in itertools.product(range(len(whole)), flips):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :])
        if place < HEADER_BYTES:
            with pytest.raises(FormatError, match=r"a\.spk: (header|is not)"):
                verify(path)
            continue
        losses = verify(path).losses
        chunk = sum(place >= start for start in starts) - 1
        if chunk < len(starts) - 1:
            assert [(loss.first, loss.last) for loss in losses] == [(chunk, chunk)]
        else:
            assert losses
            assert all(loss.first is None for loss in losses)


def test_every_cut_is_found(tmp_path: Path) -> None:
    whole = FEW.read_bytes()
    path = tmp_path / "a.spk"
    for length in range(HEADER_BYTES, len(whole)):
        path.write_bytes(whole[:length])
        assert verify(path).losses


def test_bytes_behind_the_end_are_found(tmp_path: Path) -> None:
    path = tmp_path / "a.spk"
    for more in (b"\0", FEW.read_bytes()):
        path.write_bytes(FEW.read_bytes() + more)
        assert verify(path).losses


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"none\.spk: cannot be read"):
        verify(tmp_path / "none.spk")
