"""The application that the commands join, and the options that several of them take."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="benchmarks",
    add_completion=False,
    rich_markup_mode=None,  # which would take "[default: small]" for markup, and drop it
    pretty_exceptions_enable=False,
)
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write figures here")]
Bundle = Annotated[Path | None, typer.Argument(metavar="BUNDLE", help="[default: small]")]
OfBundle = Annotated[Path | None, typer.Option("--bundle", metavar="DIR", help="[default: small]")]
Clips = Annotated[int | None, typer.Option(help="At most, of each set")]
Force = Annotated[bool, typer.Option("--force", "-f", help="Overwrite what exists")]


@app.callback()
def benchmarks() -> None:
    """Measure the project: each benchmark prints a table."""
