"""Warnings about data that cannot be used, while the run continues with the rest."""

import sys
import threading
from collections.abc import Callable

Warn = Callable[[str], None]

_told: set[str] = set()
_lock = threading.Lock()  # several workers may read the same file


def tell_once(line: str) -> None:
    """Print a line to stderr, but only once per process."""
    with _lock:
        if line not in _told:
            _told.add(line)
            print(f"note: {line}", file=sys.stderr)
