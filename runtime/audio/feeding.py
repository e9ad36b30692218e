"""Feed libsndfile through a pipe, so that it reads all of a source and yet ends on a signal.

libsndfile goes on reading after a signal, and Python runs a signal's handler only once libsndfile
has returned: never, while a source stalls. So the pipe that it reads from ends on a signal.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread, current_thread, main_thread

from runtime.errors import AudioError

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def fed(begin: bytes, source: int) -> Iterator[int]:
    """Yield a pipe that gives `begin` and then the rest of a source, unless a signal ends it.

    Raises `AudioError` if that signal's handler has not ended the block.
    """
    inlet, outlet = os.pipe()
    ended = Event()
    try:
        with _signals() as signals:
            words = (begin, os.dup(source), outlet, signals, ended)
            Thread(target=_feed, args=words, daemon=True).start()
            yield inlet
    finally:
        os.close(inlet)
    if ended.is_set():
        raise AudioError("a signal has ended the reading of the sound; read it again")


def _feed(begin: bytes, source: int, outlet: int, signals: int, ended: Event) -> None:
    """Copy until the source, the reader or a signal ends it, then close all three."""
    try:
        with suppress(BrokenPipeError), open(outlet, "wb", buffering=0) as file:
            file.write(begin)
            while _gives(source, signals, ended) and (data := os.read(source, 1 << 16)):
                file.write(data)
    finally:
        os.close(source)
        os.close(signals)


def _gives(source: int, signals: int, ended: Event) -> bool:
    """Wait for the source; false if before it the reader leaves or a signal asks to end."""
    poll = select.poll()
    poll.register(source, select.POLLIN)
    poll.register(signals, select.POLLIN)
    while signals in dict(poll.poll()):
        number = os.read(signals, 1)
        if not number:
            return False
        if number[0] in _ENDING:
            ended.set()
            return False
    return True


@contextmanager
def _signals() -> Iterator[int]:
    """Yield a descriptor, closed by its reader, of the numbers of signals that arrive.

    There are none outside of the main thread, or if an event loop already asks for them.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    asks = current_thread() is main_thread()
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False) if asks else -1
    if before != -1:
        signal.set_wakeup_fd(before)
    try:
        yield heard
    finally:
        if asks:
            signal.set_wakeup_fd(before)
        os.close(told)
