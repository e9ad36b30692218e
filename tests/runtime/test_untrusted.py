import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.untrusted import DEEPEST, UntrustedError, parse_json, parse_toml, read_json, read_toml

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
)
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner))


@given(TREES)
def test_honest_json_comes_through(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (parse_json, parse_toml):
        with suppress(UntrustedError):
            parse(data)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[" * 100_000, "deep"),
        ("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1), "deep"),
        ('{"a":' * 100_000, "deep"),
        ("NaN", "nan"),
        ("-Infinity", "inf"),
        ("1e999", "inf"),
        ("1" + "0" * 400, "64 bits"),
        ("1" * 5000, "not valid JSON"),
        ('"\\ud800"', "half a character"),
        ('{"\\ud800": 1}', "half a character"),
        ('["\\u0000"]', "NUL"),
        ("{", "not valid JSON"),
        ("", "not valid JSON"),
    ],
)
def test_odd_json_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(UntrustedError, match=why):
        parse_json(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a=" + "[" * 100_000, "deep"),
        (".".join("a" * 5000) + " = 1", "deep"),
        ("a = nan", "nan"),
        ("a = inf", "inf"),
        ("a = 1" + "0" * 400, "64 bits"),
        ('a = "\\u0000"', "NUL"),
        ("a = ", "not valid TOML"),
    ],
)
def test_odd_toml_is_refused_in_one_line(text: str, why: str) -> None:
    with pytest.raises(UntrustedError, match=why):
        parse_toml(text)


@pytest.mark.parametrize("read", [read_json, read_toml])
def test_files_are_bounded(tmp_path: Path, read: Callable[[Path], Any]) -> None:
    huge, fifo = tmp_path / "huge", tmp_path / "fifo"
    with huge.open("wb") as file:
        file.truncate(1 << 32)  # sparse
    os.mkfifo(fifo)
    wrong = ((huge, "larger than"), (fifo, "regular"), (tmp_path / "none", "cannot be read"))
    for path, why in wrong:
        with pytest.raises(UntrustedError, match=why):
            read(path)
    (tmp_path / "latin").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(UntrustedError, match="UTF-8"):
        read(tmp_path / "latin")
