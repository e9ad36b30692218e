"""Read JSON and TOML of unknown origin: bounded in size and depth, refused with one line."""

import json
import os
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from runtime.errors import one_line

LARGEST = 1 << 24  # bytes
DEEPEST = 64  # levels of lists and tables
_INTEGER = 1 << 64


class UntrustedError(ValueError):
    """A file cannot be read, is not JSON or TOML, or exceeds our limits; the message says why.

    Readers turn it into an error of their own, which names the file.
    """


def read_json(path: Path) -> Any:
    """Return what a JSON file holds; raises `UntrustedError`.

    Numbers must be finite and whole numbers below 2**64, texts Unicode without NUL, the nesting at
    most `DEEPEST` levels, and the file at most `LARGEST` bytes.
    """
    return parse_json(_contents(path))


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds, within the limits of `read_json`."""
    return parse_toml(_contents(path))


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text holds, within the limits of `read_json`."""
    return _parsed("JSON", json.loads, text)


def parse_toml(text: str | bytes) -> dict[str, Any]:
    """Return what a TOML text holds, within the limits of `read_json`."""
    found: dict[str, Any] = _parsed("TOML", tomllib.loads, text)
    return found


def _contents(path: Path) -> bytes:
    try:
        with open(path, "rb", opener=_regular) as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise UntrustedError(f"cannot be read ({error.strerror or error})") from error


def _regular(path: str, flags: int) -> int:
    """Open a file only if it is regular: opening a pipe could wait for ever."""
    descriptor = os.open(path, flags | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UntrustedError("is not a regular file")
    return descriptor


def _parsed(kind: str, parse: Callable[[str], Any], text: str | bytes) -> Any:
    if len(text) > LARGEST:
        raise UntrustedError(f"is larger than {LARGEST >> 20} MiB")
    try:
        plain = text if isinstance(text, str) else text.decode("utf-8-sig")
        found = parse(plain)
    except UnicodeDecodeError as error:
        raise UntrustedError("is not UTF-8") from error
    except RecursionError as error:
        raise UntrustedError(_DEEP) from error
    except ValueError as error:
        raise UntrustedError(f"is not valid {kind} ({one_line(error)})") from error
    _check(found)
    return found


_DEEP = f"is nested more than {DEEPEST} levels deep"


def _check(found: Any) -> None:
    # Level by level, since deep nesting would exceed Python's limit on recursion.
    level = [found]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for value in level:
            if isinstance(value, dict):
                below += value.keys()
                below += value.values()
            elif isinstance(value, list):
                below += value
            else:
                _check_leaf(value)
        if not below:
            return
        level = below
    raise UntrustedError(_DEEP)


def _check_leaf(value: Any) -> None:
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise UntrustedError(f"holds the number {value}")
    if isinstance(value, int) and not -_INTEGER < value < _INTEGER:
        raise UntrustedError("holds a whole number beyond 64 bits")
    if isinstance(value, str) and ("\0" in value or any("\ud800" <= c <= "\udfff" for c in value)):
        raise UntrustedError("holds a text with NUL or half a character")
