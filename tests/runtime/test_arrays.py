import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from runtime.arrays import read_arrays


def test_arrays_come_back(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.arange(5), b=np.float32(2))
    found = read_arrays(tmp_path / "a.npz")
    assert found["a"].tolist() == [0, 1, 2, 3, 4]
    assert found["b"] == 2


def test_what_declares_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    header = io.BytesIO()
    fields = {"descr": "<f8", "fortran_order": False, "shape": (2**40,)}
    np.lib.format.write_array_header_1_0(header, fields)
    with zipfile.ZipFile(tmp_path / "bomb.npz", "w") as archive:
        archive.writestr("a.npy", header.getvalue())
    with pytest.raises(ValueError, match="at most"):
        read_arrays(tmp_path / "bomb.npz")
    np.savez(tmp_path / "small.npz", a=np.zeros(100), b=np.zeros(100))
    with pytest.raises(ValueError, match="1600 bytes"):
        read_arrays(tmp_path / "small.npz", largest=1000)


def test_objects_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.array([{}], object))
    with pytest.raises(ValueError, match="objects"):
        read_arrays(tmp_path / "a.npz")
