import io

import numpy as np
import pytest

from benchmarks import fuzz
from runtime.errors import FormatError
from runtime.spk.reader import SpkReader


def test_damaged_files_do_no_harm() -> None:
    found = fuzz.fuzz(400, seed=22)
    assert found.files == 400
    assert 200 < found.refused <= 400
    assert 0 < found.peak < fuzz.MOST_BYTES


@pytest.mark.parametrize("data", fuzz.seeds(), ids=len)
def test_what_is_damaged_was_whole(data: bytes) -> None:
    assert list(SpkReader(io.BytesIO(data))) or len(data) < 150
    assert fuzz.repaired(data) == data


def test_damage_differs_and_can_be_repeated() -> None:
    data = fuzz.seeds()[0]
    made = [fuzz.damaged(data, np.random.default_rng(seed)) for seed in range(50)]
    again = [fuzz.damaged(data, np.random.default_rng(seed)) for seed in range(50)]
    assert made == again
    assert len(set(made)) > 40


@pytest.mark.parametrize("error", [MemoryError("much"), IndexError("out")])
def test_a_fault_is_told_with_its_file(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(*_: object) -> None:
        raise error

    monkeypatch.setattr(fuzz, "SpkReader", broken)
    with pytest.raises(type(error)) as caught:
        fuzz.fuzz(3, seed=4)
    assert caught.value.__notes__ == ["file 0 of seed 4"]


def test_too_much_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz, "MOST_BYTES", 1000)
    with pytest.raises(AssertionError, match="file 0 of seed 0 took"):
        fuzz.fuzz(1)


def test_a_refusal_is_counted() -> None:
    results = fuzz.read_all(b"\x89SPK\x02", None, np.random.default_rng(0))
    assert results == {"refused": 4}
    with pytest.raises(FormatError):
        list(SpkReader(io.BytesIO(b"\x89SPK\x02")))
