"""Compile with numba where it is installed; without it the same functions run as plain Python."""

from collections.abc import Callable, MutableSequence
from typing import Any, TypeVar, cast

Numbers = MutableSequence[int]
Function = TypeVar("Function", bound=Callable[..., Any])


def _njit() -> Any:
    try:
        from numba import njit
    except ImportError:
        return None
    return njit


_NJIT = _njit()
COMPILED = _NJIT is not None


def compiled(function: Function) -> Function:
    """Return the function compiled, and kept for the next run where a folder can be written."""
    if _NJIT is None:
        return function
    try:
        return cast(Function, _NJIT(cache=True)(function))
    except RuntimeError:  # there is no folder that the compiled code could be kept in
        return cast(Function, _NJIT(function))
