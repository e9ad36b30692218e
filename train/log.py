"""The log of a run: a line of JSON for each step."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runtime.errors import OutputError
from runtime.untrusted import UntrustedError, parse_json

LOG = "log.jsonl"
EVERY = 10.0  # s between lines on stderr where there is no bar


def append(folder: Path, row: Mapping[str, Any]) -> None:
    """Add a row to the log of the run in a folder; raises OutputError when that fails."""
    path = folder / LOG
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(
            f"{path}: cannot be written ({reason}); free some space, then resume"
        ) from error


def read_log(folder: Path) -> dict[str, dict[str, dict[int, float]]]:
    """A run's figures as `figures[stage][name][step]`; for a repeated step the last ones.

    A line that is cut off, as on a full disk, is ignored.
    """
    figures: dict[str, dict[str, dict[int, float]]] = defaultdict(lambda: defaultdict(dict))
    with (folder / LOG).open(encoding="utf-8") as file:
        for row in map(_row, file):
            for name in row.keys() - {"stage", "step"}:
                figures[row["stage"]][name][row["step"]] = row[name]
    return figures


def _row(line: str) -> dict[str, Any]:
    """The figures in a line of the log; empty if the line is cut off."""
    try:
        row = parse_json(line)
    except UntrustedError:
        return {}
    return row if isinstance(row, dict) and {"stage", "step"} <= row.keys() else {}
