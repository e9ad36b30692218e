"""Makes lava-nc 0.10.0 importable on CPython >= 3.11; both are final, so this cannot rot."""

import dataclasses
import functools
import importlib
import importlib.util
import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from runtime.errors import MissingPackageError

INSTALL = "pip install --no-deps --ignore-requires-python lava-nc==0.10.0 lava-dl==0.6.0"


def require_lava() -> None:
    """Raise `MissingPackageError`, saying how to install it, when Lava is not there."""
    try:
        found = importlib.util.find_spec("lava.magma") is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise MissingPackageError(
            f"Lava is not installed; run `make`, or: {INSTALL} (its wheels declare Python < 3.11)"
        )


def apply() -> None:
    """Import the two modules of Lava that a newer Python refuses, each under a small patch.

    Call it before any other `import lava`. Raises `MissingPackageError` without Lava.
    """
    require_lava()
    # CPython 3.11 wants hashable dataclass defaults; Lava's encoders default to unhashable ones.
    hashable = functools.partial(dataclasses.dataclass, unsafe_hash=True)
    with _patched(dataclasses, "dataclass", hashable):
        importlib.import_module("lava.magma.compiler.var_model")
    # Lava sets the start method when imported, which fails where anything has set it before.
    forced = functools.partial(multiprocessing.set_start_method, force=True)
    with _patched(multiprocessing, "set_start_method", forced):
        importlib.import_module("lava.magma.runtime.message_infrastructure.multiprocessing")
    # lava-dl imports its YOLO parts, hence OpenCV and torchvision, which nothing here needs.
    name = "lava.lib.dl.slayer.object_detection"
    sys.modules.setdefault(name, ModuleType(name))


@contextmanager
def _patched(module: ModuleType, name: str, value: Callable[..., Any]) -> Iterator[None]:
    original = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, original)
