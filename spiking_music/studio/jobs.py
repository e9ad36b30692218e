"""Background work that reports its progress and can be cancelled."""

import threading

from runtime.kinds import Progress


class Cancelled(Exception):
    """Raised inside the work when it next reports progress after `cancel`."""


class Job:
    """One piece of work: its current `stage`, and the `share` of it that is done, 0..1."""

    def __init__(self) -> None:
        self.stage, self.share = "wait", 0.0
        self._stop = threading.Event()

    def begin(self, stage: str) -> Progress:
        """Enter a stage; return a function to report the share done."""
        self._check()
        self.stage, self.share = stage, 0.0
        return self._tell

    def cancel(self) -> None:
        """End the work when it next reports progress."""
        self._stop.set()

    def _tell(self, share: float) -> None:
        self._check()
        self.share = share

    def _check(self) -> None:
        if self._stop.is_set():
            raise Cancelled
