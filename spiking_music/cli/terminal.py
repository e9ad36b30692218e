"""What the command line shows: progress, facts and tables; and inputs from pipes."""

import json
import shutil
import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from runtime.errors import SpikingMusicError
from runtime.kinds import Progress
from runtime.outputs import is_stream
from runtime.scratch import scratch
from spiking_music.cli.streams import encodable, one_line, raw, standard_input

_LAST = 24  # letters: the last column of a table would break words if it were narrower


@contextmanager
def progress(label: str) -> Iterator[Progress]:
    """Show a bar on standard error while the block runs; yield the function to call with the share.

    If standard error is not a terminal, it prints a line every ten seconds instead. For a block
    that never reports its share, the bar only moves.
    """
    if sys.stderr is None or not sys.stderr.isatty():
        yield _Lines(label)
        return
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
    with Progress(*columns, console=Console(file=raw(sys.stderr)), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda share: bar.update(task, completed=share, total=1.0)


class _Lines:
    """Prints the share done every ten seconds, when no bar can be shown."""

    EVERY = 10.0  # s

    def __init__(self, label: str) -> None:
        self._label = label
        self._start = self._told = perf_counter()

    def __call__(self, share: float) -> None:
        now = perf_counter()
        if now - self._told >= self.EVERY:
            self._told = now
            done = f"{self._label}: {share:.0%} after {now - self._start:.0f} s"
            print(done, file=sys.stderr, flush=True)


@contextmanager
def stage(label: str) -> Iterator[Progress]:
    """Like `progress`, but also print the time that the block took."""
    start = perf_counter()
    with progress(label) as tell:
        yield tell
    print(f"{label:<28} {perf_counter() - start:6.1f} s", file=sys.stderr, flush=True)


@contextmanager
def given(name: str) -> Iterator[Path]:
    """Yield the path of an input; for a pipe, such as `-`, that of a temporary copy.

    Raises `SpikingMusicError` when there is no such file.
    """
    if name != "-" and not is_stream(Path(name)):
        if not Path(name).exists():
            raise SpikingMusicError(f"{name}: no such file")
        yield Path(name)
        return
    with scratch() as folder, ExitStack() as stack:
        path = folder / "piped"
        source = standard_input() if name == "-" else stack.enter_context(open(name, "rb"))
        with path.open("wb") as file:
            shutil.copyfileobj(source, file)
        yield path


def say(*texts: str) -> None:
    """Print texts, whose lines break between words where there is a terminal."""
    for text in texts:
        for line in text.split("\n"):
            print(*(_wrapped(line, _columns()) or [""]), sep="\n")


def show(title: str, facts: Mapping[str, Any], as_json: bool) -> None:
    """Print facts, one per line, or as one JSON object."""
    if as_json:
        print_json(facts)
        return
    say(one_line(title))
    names = [f"  {name.replace('_', ' ')}" for name in facts]
    _show_stacked(names, [[_text(value) for value in facts.values()]], _columns())


def show_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows with the same keys as a table, whose last column takes the remaining width.

    If the terminal is too narrow for that, each row becomes a block of lines. Nothing is cut off.
    """
    if not rows:
        return
    names = [name.replace("_", " ") for name in rows[0]]
    cells = [[_text(value) for value in row.values()] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(names, *cells, strict=True)]
    needed = sum(widths[:-1]) + 2 * (len(widths) - 1)
    # A pipe has no width; take one so large that words are not broken and can be searched for.
    width = _columns() or max(160, needed + 40)
    if needed + min(widths[-1], _LAST) > width:
        _show_stacked(names, cells, width)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, no_wrap=name != names[-1], overflow="fold")
    for row in cells:
        table.add_row(*row)
    # Give a height too: on a dumb terminal rich ignores a width alone.
    console = Console(file=raw(sys.stdout), width=width, height=24, highlight=False, markup=False)
    console.print(table)


def _columns() -> int:
    """The columns of the terminal; 0 when there is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def _show_stacked(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    """Print each row as a block of lines that break between words; without a width, they do not."""
    indent = " " * (max(map(len, names), default=0) + 2)
    room = max(width - len(indent), 1)
    for number, row in enumerate(rows):
        if number:
            print()
        for name, cell in zip(names, row, strict=True):
            lines = _wrapped(cell, room if width else 0) or [""]
            print(name.ljust(len(indent)) + f"\n{indent}".join(lines))


def _wrapped(text: str, width: int) -> list[str]:
    """Return the lines of a text that keep to a width, if there is one; words stay whole."""
    if not width:
        return [text]
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    unicode = sys.stdout.encoding.lower().replace("-", "") == "utf8"
    print(json.dumps(value, indent=2, ensure_ascii=not unicode, allow_nan=False))


def _text(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1e-3 or abs(value) >= 1e6 else f"{value:.3f}"
    return encodable(one_line(str(value)), sys.stdout)
