"""Compile with numba where it is installed; without it the same functions run as plain Python."""

from collections.abc import Callable, MutableSequence
from typing import Any, TypeVar, cast

Numbers = MutableSequence[int]
_TYPES = {int: "int64", bool: "boolean", None: "void", Numbers: "int64[::1]"}
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
    """Return the compiled function, cached for the next run if a cache folder is writable.

    Its arguments are integers and contiguous arrays of integers, `Numbers`, as it declares.
    """
    if _NJIT is None:
        return function
    hints = dict(function.__annotations__)
    result = _TYPES[hints.pop("return")]
    # Types are given here, since numba would otherwise compile each function several times.
    signature = f"{result}({', '.join(_TYPES[hint] for hint in hints.values())})"
    try:
        return cast(Function, _NJIT(signature, cache=True, nogil=True)(function))
    except RuntimeError:  # there is no folder to cache the compiled code in
        return cast(Function, _NJIT(signature, nogil=True)(function))
