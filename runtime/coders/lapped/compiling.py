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
    """Return the function compiled, and kept for the next run where a folder can be written.

    Its arguments are whole numbers and contiguous arrays of them, `Numbers`, as it declares.
    """
    if _NJIT is None:
        return function
    hints = dict(function.__annotations__)
    result = _TYPES[hints.pop("return")]
    # Told beforehand, since numba would otherwise compile each function for several guesses.
    signature = f"{result}({', '.join(_TYPES[hint] for hint in hints.values())})"
    try:
        return cast(Function, _NJIT(signature, cache=True)(function))
    except RuntimeError:  # there is no folder that the compiled code could be kept in
        return cast(Function, _NJIT(signature)(function))
