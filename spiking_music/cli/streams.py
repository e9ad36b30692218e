"""Standard streams that are safe to print to: nothing in a file can control the terminal."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, TextIO

from runtime.errors import OutputError, SpikingMusicError

# Control characters except newlines and tabs, marks that change the direction of writing, and bytes
# of file names that are not text.
_UNSEEN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
# Characters that we print, with replacements in ASCII: spaces, micro, mu, times, dash, dots, arrow.
_PLAIN = str.maketrans(
    dict.fromkeys("\xa0\u2009\u202f", " ")
    | dict.fromkeys("\xb5\u03bc", "u")
    | {"\xd7": "x", "\u2013": "-", "\u2026": "...", "\u2192": "->"}
)


def shown(text: str) -> str:
    """Return a text with its control characters written out as JSON does, such as `\\u001b`."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def encodable(text: str, stream: Any) -> str:
    """Return a text in which characters that a stream cannot encode are replaced or escaped."""
    encoding = stream.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def one_line(text: str) -> str:
    """Return a text from a file as one line without control characters."""
    return shown(text).replace("\n", "\\n").replace("\t", "\\t")


class Terminal:
    """A text stream that escapes control characters; only `raw` can write them."""

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def write(self, text: str) -> int:
        """Write a text with its control characters escaped."""
        self.raw.write(encodable(shown(text), self.raw))
        return len(text)


@contextmanager
def guarded() -> Iterator[None]:
    """Send everything that is printed in the block through `Terminal`s.

    Standard descriptors that the caller has closed are opened on /dev/null, so that none of our
    files gets their numbers, and with it what libraries print. Raises `OutputError` when standard
    output is closed.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    kept = sys.stdout, sys.stderr
    if sys.stdout is None:
        raise OutputError("standard output is closed; leave it open, or send it to /dev/null")
    sys.stdout = Terminal(sys.stdout)
    if sys.stderr is not None:
        sys.stderr = Terminal(sys.stderr)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = kept


def raw(stream: Any) -> TextIO:
    """Return the unguarded stream, for our own output only, such as a progress bar."""
    return stream.raw if isinstance(stream, Terminal) else stream


def standard_input() -> BinaryIO:
    """Return standard input; raises `SpikingMusicError` if it is closed."""
    if sys.stdin is None:
        raise SpikingMusicError("standard input is closed; give a file, or leave it open")
    return sys.stdin.buffer
