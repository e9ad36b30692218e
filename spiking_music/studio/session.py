"""The state of one visitor, separate from all others."""

import asyncio
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.piece import Chunk
from spiking_music.studio.answer import Answer
from spiking_music.studio.jobs import Job
from spiking_music.studio.piece import Piece
from train.data.performance import Performance


@dataclass(frozen=True, eq=False)
class State:
    """A visitor's piece and its results; `taken` counts the pieces so far.

    `bits (rows, T) bool`, see `spiking_music.studio.rows`, filled up to frame `encoded`; the
    `chunks` encoded so far; `coding` counts the encodings; `mu`, None for a bundle of one rate; the
    `muted` rows; FLAC files by name in `sounds`, and `heard` counts their versions; `figures` and
    `energy`, see `spiking_music.studio.figures`, None until they are counted; `error` of the last
    work that failed.
    """

    piece: Piece | None = None
    taken: int = 0
    notes: Performance | None = None
    bits: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), np.bool_))
    encoded: int = 0
    chunks: tuple[Chunk, ...] = ()
    coding: int = 0
    mu: int | None = None
    muted: frozenset[int] = frozenset()
    sounds: Mapping[str, bytes] = field(default_factory=dict)
    heard: int = 0
    figures: Mapping[str, Any] | None = None
    energy: Mapping[str, Any] | None = None
    error: str | None = None


class Session:
    """The state of one visitor and the job that is changing it.

    `answer`, the last one, is kept with the piece, encoding and row that it is about.
    """

    def __init__(self) -> None:
        self.state = State()
        self.job: Job | None = None
        self.answer: tuple[tuple[int, ...], Answer] | None = None
        self.answering = asyncio.Lock()
        self._lock = threading.Lock()

    def begin(self) -> Job:
        """Start a job; the one before it, if any, is cancelled and can change nothing any more."""
        with self._lock:
            if self.job is not None:
                self.job.cancel()
            self.job = Job()
            self.state = replace(self.state, error=None)
            return self.job

    def update(self, job: Job, **changes: Any) -> None:
        """Change the state, unless another job has begun meanwhile."""
        with self._lock:
            if self.job is job:
                self.state = replace(self.state, **changes)

    def end(self, job: Job, error: str | None = None) -> None:
        """End a job, with the reason if it failed."""
        with self._lock:
            if self.job is job:
                self.job = None
                self.state = replace(self.state, error=error)

    def cancel(self) -> None:
        """Cancel the job, if there is one; it may not change anything any more."""
        with self._lock:
            if self.job is not None:
                self.job.cancel()
                self.job = None

    def put_notes(self, notes: Performance) -> None:
        """Show these notes beside the piece."""
        with self._lock:
            self.state = replace(self.state, notes=notes)
