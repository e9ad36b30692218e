"""`python -m benchmarks NAME`: each command imports its benchmark only when it runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from runtime.errors import SpikingMusicError

app = typer.Typer(
    name="benchmarks",
    add_completion=False,
    pretty_exceptions_enable=False,
)
Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Write figures here")]


@app.callback()
def benchmarks() -> None:
    """Measure the project: each benchmark prints a table."""


@app.command()
def rendering(
    data: Annotated[str, typer.Option(help="As for training")] = "shipped",
    cache: Annotated[Path, typer.Option(metavar="DIR", help="As for training")] = Path("cache"),
    batch: Annotated[int, typer.Option(help="Crops a batch")] = 8,
    samples: Annotated[int, typer.Option(help="Of a crop")] = 2**15,
    warm_up: Annotated[int, typer.Option(help="Batches before the warm figures")] = 300,
    batches: Annotated[int, typer.Option(help="Measured in a row")] = 25,
    json: Json = None,
) -> None:
    """How much faster than real time a core makes training crops."""
    from benchmarks.rendering import Load, measure, write

    write(measure(data, cache, Load(batch, samples, warm_up, batches)), json)


@app.command()
def overfit(
    steps: Annotated[int, typer.Option(help="Of training, each on the whole clip")] = 600,
    run: Annotated[
        Path | None, typer.Option(metavar="RUN_DIR", help="Keep the run in this new folder")
    ] = None,
    json: Json = None,
) -> None:
    """How well the preset `tiny` learns one clip by heart."""
    from benchmarks.overfit import measure, write

    write(measure(steps, run), json)


def main() -> None:
    """Run a benchmark: exit code 0, 2 with one line on an error."""
    try:
        sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        print("error:", error.format_message(), file=sys.stderr)
    except SpikingMusicError as error:
        print("error:", error, file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
