"""How integer layers use the cores of a machine."""

import sys
from contextlib import AbstractContextManager
from functools import cache
from itertools import pairwise
from typing import Any

from threadpoolctl import ThreadpoolController

from runtime.sessions import cores

COMPILING = 2**16  # units times steps; fewer take less time than loading numba


def loops_for(size: int) -> Any:
    """Return the module `loops` for so many units and steps; None without numba, or if too few."""
    if size < COMPILING and "numba" not in sys.modules:
        return None
    from neuromorphic.integers import loops  # this import loads numba

    return loops if loops.COMPILED else None


def shares(length: int) -> list[slice]:
    """Return as many parts of 0 to `length` as there are cores, as long as one another."""
    ends = [length * i // cores() for i in range(cores() + 1)]
    return [slice(first, last) for first, last in pairwise(ends)]


@cache
def _libraries() -> ThreadpoolController:
    return ThreadpoolController()


def own_threads() -> AbstractContextManager[Any]:
    """Return a context in which a matrix product keeps to the thread that asks for it.

    Those that a library starts itself wait in a loop, and take the cores from ours.
    """
    limits: AbstractContextManager[Any] = _libraries().limit(limits=1, user_api="blas")
    return limits
