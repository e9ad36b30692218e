"""Makes lava-nc 0.10.0, its last release, importable on CPython >= 3.11."""

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
    """Raise `MissingPackageError`, which says how to install Lava, if it is not installed."""
    try:
        found = importlib.util.find_spec("lava.magma") is not None
    except ModuleNotFoundError:
        found = False
    if not found:
        raise MissingPackageError(
            f"Lava is not installed; run `make`, or: {INSTALL} (its wheels declare Python < 3.11)"
        )


def apply() -> None:
    """Import the two modules of Lava that fail on a newer Python, each under a small patch.

    Call it before any other `import lava`. Raises `MissingPackageError` without Lava.
    """
    require_lava()
    # CPython 3.11 requires hashable dataclass defaults; those of Lava's encoders are not.
    hashable = functools.partial(dataclasses.dataclass, unsafe_hash=True)
    with _patched(dataclasses, "dataclass", hashable):
        importlib.import_module("lava.magma.compiler.var_model")
    # Lava sets the start method when imported, which fails if it has been set before.
    forced = functools.partial(multiprocessing.set_start_method, force=True)
    with _patched(multiprocessing, "set_start_method", forced):
        importlib.import_module("lava.magma.runtime.message_infrastructure.multiprocessing")


def apply_netx() -> None:
    """Replace slayer, and so torch, which lava-dl's netx imports but does not use here.

    Call it after `apply`, before `lava.lib.dl.netx` is imported. Raises `MissingPackageError`
    without lava-dl.
    """
    try:
        root = next(iter(importlib.import_module("lava.lib.dl").__path__))
    except ModuleNotFoundError as error:
        raise MissingPackageError(f"lava-dl is not installed; run `make`, or: {INSTALL}") from error
    for name in ("slayer", "slayer.neuron", "slayer.neuron.rf", "netx.sequential_modules"):
        module = sys.modules[f"lava.lib.dl.{name}"] = ModuleType(f"lava.lib.dl.{name}")
        module.__path__ = []
        # Lava reads `__file__` of every module that is next to a process.
        module.__file__ = f"{root}/{name.replace('.', '/')}.py"
    # Only resonate-and-fire neurons would call it.
    vars(sys.modules["lava.lib.dl.slayer.neuron.rf"])["neuron_params"] = None


@contextmanager
def _patched(module: ModuleType, name: str, value: Callable[..., Any]) -> Iterator[None]:
    original = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, original)
