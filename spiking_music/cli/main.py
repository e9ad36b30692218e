"""The command line, `spiking-music VERB ...`."""

import os
import signal
import sys
from threading import Timer
from types import FrameType

import typer

from runtime.errors import SpikingMusicError
from spiking_music.cli.app import app
from spiking_music.cli.streams import Terminal, guarded

# Which extra of this package a verb needs.
EXTRAS = {
    **dict.fromkeys(("nir", "quantise", "fit", "simulate", "energy", "chips"), "neuromorphic"),
    **dict.fromkeys(("train", "export", "certify"), "train"),
    **dict.fromkeys(("demo", "inspect"), "report"),
    "evaluate": "evaluation",
    "analyse": "analysis",
    "listen": "listening",
    "studio": "studio",
    "encode": "corpus",
}

AGAIN = 10.0  # seconds after which a signal is sent again, if the process is still there

_ended_by: list[int] = []  # signals


def main() -> None:
    """Run the command line: exit code 0, 2 with one line on an error, 130 on Ctrl-C.

    If it is terminated or its terminal closes, it cleans up and exits with 128 plus the signal.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # under nohup it is ignored
            signal.signal(number, _terminate)
    try:
        with guarded():
            sys.exit(app(standalone_mode=False))
    except typer.TyperException as error:
        _fail(error.format_message())
    except SpikingMusicError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        _fail(_missing(error))
    except ImportError as error:  # of a library that found too little memory, or half of itself
        _fail(f"a library does not load ({error}); free some memory, or reinstall it")
    except OSError as error:
        _fail(f"{error.filename or 'system'}: {error.strerror or error}")
    except MemoryError:
        _fail("not enough memory; free some, or process a shorter recording")
    except KeyboardInterrupt:
        sys.exit(130)


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leave, and if that gets lost, as it may within an import or a finaliser, leave again."""
    _ended_by.append(number)
    again = Timer(AGAIN, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
    sys.exit(128 + number)


def _missing(error: ModuleNotFoundError) -> str:
    from runtime.extras import how_to_install

    package = (error.name or "").partition(".")[0]
    verb = next((word for word in sys.argv[1:] if word in EXTRAS), "")
    message = how_to_install(package, EXTRAS.get(verb))
    if message is None:
        raise error
    return message


def _fail(message: str) -> None:
    if _ended_by:  # a library that was being loaded made an error of its own of it
        sys.exit(128 + _ended_by[0])
    if sys.stderr is not None:
        Terminal(sys.stderr).write(f"error: {' '.join(message.split())}\n")
    sys.exit(2)
