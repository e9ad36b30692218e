"""A torch network of the user's own code, by name."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from torch import nn

from runtime.errors import ExportError, one_line


def named_module(said: str) -> nn.Module:
    """Return the network `MODULE:NAME`; MODULE is importable from here, or a `.py` file.

    NAME is an `nn.Module`, or a function or class that makes one without arguments. Raises
    `ExportError` if there is none, or if the code fails.
    """
    where, separator, name = said.rpartition(":")
    if not (separator and where and name):
        raise ExportError(f"{said!r}: write MODULE:NAME, such as nets.py:make or package.nets:net")
    try:
        module = _imported(where)
        if not hasattr(module, name):
            raise ExportError(f"{said}: {where} has no {name}; name a torch.nn.Module in it")
        found = getattr(module, name)
        if callable(found) and not isinstance(found, nn.Module):
            found = found()
    except ExportError:
        raise
    except (Exception, SystemExit) as error:  # the user's code may do anything
        raise ExportError(
            f"{said}: its code failed with {type(error).__name__}: {one_line(error)}"
        ) from error
    if not isinstance(found, nn.Module):
        raise ExportError(f"{said}: is of type {type(found).__name__}; a torch.nn.Module is needed")
    return found


def _imported(where: str) -> ModuleType:
    if where.endswith(".py"):
        path = Path(where).resolve()
        if not path.is_file():
            raise ExportError(f"{where}: no such file")
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(path.parent))  # what it imports lies beside it
        spec.loader.exec_module(module)
        return module
    sys.path.insert(0, str(Path.cwd()))
    try:
        return importlib.import_module(where)
    except ModuleNotFoundError as error:
        if f"{where}.".startswith(f"{error.name}."):  # rather than something that it imports
            raise ExportError(f"{where}: no such module here; give a .py file") from error
        raise
