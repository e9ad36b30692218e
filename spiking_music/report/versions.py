"""The versions of what made a report."""

import platform
from collections.abc import Iterable
from importlib import metadata


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of Python, of this package and of the others that are installed."""
    found = {"python": platform.python_version()}
    for name in ("spiking-music", *packages):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
