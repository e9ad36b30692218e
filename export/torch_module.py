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
        found = getattr(_imported(where), name, None)
        if callable(found) and not isinstance(found, nn.Module):
            found = found()
    except (Exception, SystemExit) as error:  # the user's code may do anything
        raise ExportError(
            f"{said}: its code failed with {type(error).__name__}: {one_line(error)}"
        ) from error
    if not isinstance(found, nn.Module):
        what = "nothing of that name" if found is None else f"a {type(found).__name__}"
        raise ExportError(f"{said}: is {what}; a torch.nn.Module is needed")
    return found


def _imported(where: str) -> ModuleType:
    if where.endswith(".py"):
        path = Path(where).resolve()
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.path.insert(0, str(path.parent))  # what it imports lies beside it
        spec.loader.exec_module(module)
        return module
    sys.path.insert(0, str(Path.cwd()))
    return importlib.import_module(where)
