"""Where the figures of a benchmark are kept."""

import json
from pathlib import Path
from typing import Any

from runtime.files import replacing


def write_json(figures: Any, path: Path | None) -> None:
    """Write figures as JSON where a `path` is given, over what is there.

    Raises `OutputError` when the file cannot be written.
    """
    if path is not None:
        with replacing(path, overwrite=True) as temporary:
            temporary.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
