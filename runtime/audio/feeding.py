"""Feed libsndfile through a pipe, so that it reads all of a source and yet ends on a signal.

libsndfile goes on reading after a signal, and Python runs a signal's handler only once libsndfile
has returned: never, while a source stalls. So the pipe that it reads from ends on a signal.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread, current_thread, main_thread

from runtime.errors import AudioError

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class _Feed:
    """Copies `source` to `outlet` until `signals`, numbers of those that arrive, ask to end."""

    source: int
    outlet: int
    signals: int
    broken: str = ""  # why the copy lacks something, if it does

    def run(self, begin: bytes) -> None:
        """Copy until the source, the reader or a signal ends it, then close all three."""
        try:
            self._write(begin)
            while self._gives() and (data := self._read()):
                self._write(data)
        except BrokenPipeError:  # the reader has left
            pass
        finally:
            for each in (self.source, self.outlet, self.signals):
                os.close(each)

    def _gives(self) -> bool:
        """Wait for the source; false if before it the reader leaves or a signal asks to end."""
        poll = select.poll()
        poll.register(self.source, select.POLLIN)
        poll.register(self.signals, select.POLLIN)
        while self.signals in dict(poll.poll()):
            number = os.read(self.signals, 1)
            if not number:
                return False
            if number[0] in _ENDING:
                self.broken = "a signal has ended the reading; read it again"
                return False
        return True

    def _read(self) -> bytes:
        try:
            return os.read(self.source, 1 << 16)
        except OSError as error:
            self.broken = f"cannot be read on ({error.strerror}); read it again"
            return b""

    def _write(self, data: bytes) -> None:
        while data:  # a process that is stopped and continued writes only a part
            data = data[os.write(self.outlet, data) :]


@contextmanager
def fed(begin: bytes, source: int, name: str) -> Iterator[int]:
    """Yield a pipe that gives `begin` and then the rest of a source, unless a signal ends it.

    Raises `AudioError`, which begins with `name`, if that signal's handler goes on, or if the
    source cannot be read to its end.
    """
    inlet, outlet = os.pipe()
    try:
        with _signals() as signals:
            feed = _Feed(os.dup(source), outlet, signals)
            Thread(target=feed.run, args=(begin,), daemon=True).start()
            try:
                yield inlet
            except AudioError as error:  # such as that the sound is cut off
                _whole(feed, name, error)
                raise
            _whole(feed, name)
    finally:
        os.close(inlet)


def _whole(feed: _Feed, name: str, error: AudioError | None = None) -> None:
    if feed.broken:
        raise AudioError(f"{name}: {feed.broken}") from error


@contextmanager
def _signals() -> Iterator[int]:
    """Yield a descriptor, closed by its reader, of the numbers of signals that arrive.

    There are none outside of the main thread, or if something else, such as an event loop or the
    feed of another sound, already asks for them.
    """
    heard, told = os.pipe()
    os.set_blocking(told, False)
    asks = current_thread() is main_thread() and _ask(told)
    try:
        yield heard
    finally:
        if asks:
            _ask(-1)
        os.close(told)


def _ask(told: int) -> bool:
    """Have signals told to a descriptor in place of none, or of one of ours."""
    before = signal.set_wakeup_fd(told, warn_on_full_buffer=False)
    if told != -1 and before != -1:
        signal.set_wakeup_fd(before)
        return False
    return True
