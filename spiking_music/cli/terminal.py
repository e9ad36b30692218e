"""What the command line shows and where its bytes go: progress, tables, pipes."""

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from runtime.errors import SpikingMusicError
from runtime.kinds import Progress


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """Show a bar on standard error while the block runs; it yields what takes the share done.

    Where standard error is no terminal nothing is shown. A block that never tells its share has a
    bar that only moves.
    """
    if not sys.stderr.isatty():
        yield lambda share: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda share: bar.update(task, completed=share, total=1.0)


@contextmanager
def stage(label: str) -> Iterator[Progress]:
    """Like `progress`, and leave a line with the time that the block took."""
    start = perf_counter()
    with progress(label) as tell:
        yield tell
    print(f"{label:<28} {perf_counter() - start:6.1f} s", file=sys.stderr, flush=True)


@contextmanager
def given(name: str) -> Iterator[Path]:
    """Yield the path of an input; for `-` that of a temporary copy of standard input.

    Raises `SpikingMusicError` when there is no such file.
    """
    if name != "-":
        if not Path(name).exists():
            raise SpikingMusicError(f"{name}: no such file")
        yield Path(name)
        return
    with tempfile.TemporaryDirectory(prefix="spiking-music-") as folder:
        path = Path(folder, "stdin")
        with path.open("wb") as file:
            shutil.copyfileobj(sys.stdin.buffer, file)
        yield path


def show(title: str, facts: Mapping[str, Any], as_json: bool) -> None:
    """Print facts one a line, or as one JSON object."""
    if as_json:
        print_json(facts)
        return
    width = max(map(len, facts), default=0)
    print(title)
    for name, value in facts.items():
        print(f"  {name.replace('_', ' '):<{width}}  {_text(value)}")


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows with the same keys as a table, whose last column takes what width is left."""
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    names = list(rows[0]) if rows else []
    for name in names:
        table.add_column(name.replace("_", " "), no_wrap=name != names[-1], overflow="fold")
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    # A pipe has no width; wide enough that words which are searched for stay whole.
    width = None if sys.stdout.isatty() else 160
    Console(width=width, highlight=False, markup=False).print(table)


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e-3 or abs(value) >= 1e6 else f"{value:.3f}"
    return str(value)
