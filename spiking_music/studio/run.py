"""Run the studio on a port of this machine until it is stopped."""

import socket
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette

from runtime.codec import Codec
from runtime.scratch import scratch
from spiking_music.studio.connections import Connection
from spiking_music.studio.errors import StudioError
from spiking_music.studio.limits import Limits
from spiking_music.studio.server import application

_LOOPBACK = "127.0.0.1"


def run(codec: Codec, port: int, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `ready` is called with the address. Port 0 picks a free port.

    Raises `StudioError` when the port is taken.
    """
    with scratch() as folder, _bound(port) as bound:
        ready(f"http://{_LOOPBACK}:{bound.getsockname()[1]}/")
        uvicorn.Server(serving(application(codec, folder, Limits()))).run([bound])


def serving(app: Starlette) -> uvicorn.Config:
    """Return how the application is served."""
    return uvicorn.Config(
        app,
        http=Connection,
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
    )


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((_LOOPBACK, port))
        bound.listen()  # a browser that connects before the server is ready waits
    except OSError as error:
        bound.close()
        raise StudioError(f"port {port}: {error.strerror}; choose another with --port") from error
    return bound
