"""`python -m benchmarks NAME`: each command prints a table."""

import sys

import typer

from benchmarks.commands import chips, coding, decoding, models  # noqa: F401 (they join the app)
from benchmarks.commands.app import app
from runtime.errors import SpikingMusicError


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
