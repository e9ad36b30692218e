"""What is told of data that cannot be used, while the rest goes on."""

import sys
import threading
from collections.abc import Callable

Warn = Callable[[str], None]

_told: set[str] = set()
_lock = threading.Lock()  # several workers meet the same file


def tell_once(line: str) -> None:
    """Print a line to stderr the first time that it is told in this process."""
    with _lock:
        if line not in _told:
            _told.add(line)
            print(f"note: {line}", file=sys.stderr)
