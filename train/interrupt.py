"""Ctrl-C while a model is trained: the step is finished and saved before the run ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass
class Interrupt:
    """Whether the user has asked for an end."""

    asked: bool = False


@contextmanager
def interruptible(alone: bool) -> Iterator[Interrupt]:
    """Yield what tells of Ctrl-C, and of SIGTERM; a second one ends the block at once.

    Only where a process trains `alone`: others would wait for its share of the next step.
    """
    interrupt = Interrupt()
    handlers: dict[signal.Signals, Any] = {}

    def ask(number: int, frame: FrameType | None) -> None:
        interrupt.asked = True
        for each, handler in handlers.items():
            signal.signal(each, handler)

    for number in (signal.SIGINT, signal.SIGTERM) if alone else ():
        handlers[number] = signal.signal(number, ask)
    try:
        yield interrupt
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)
