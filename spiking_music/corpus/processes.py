"""Workers on this machine: processes, any of which may die without harm to the others."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any, TypeVar

from runtime.sessions import cores
from spiking_music.corpus.listing import Item
from spiking_music.corpus.outcome import Outcome
from spiking_music.corpus.window import Work, finished

T = TypeVar("T")

GRACE = 2.0  # seconds in which a terminated worker can clean up

# Of a worker.
_at_work, _terminated = threading.Event(), threading.Event()


def on_processes(work: Work, items: Sequence[Item], jobs: int) -> Iterator[Outcome]:
    """Yield the outcomes of `items` in order of completion, from `jobs` processes; 1 needs none.

    When a worker dies, the files that were in progress are repeated one by one, to find the file
    that kills workers: only that one counts as failed.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    waiting = deque(items)
    while waiting:
        for suspect in (yield from _until_one_dies(work, waiting, jobs)):
            if (yield from _until_one_dies(work, deque([suspect]), 1)):
                reason = "its worker was killed twice; it may need more memory"
                yield Outcome(suspect, "failed", reason=reason)


def _until_one_dies(
    work: Work, waiting: deque[Item], jobs: int
) -> Generator[Outcome, None, list[Item]]:
    """Yield outcomes until all are done or a worker dies; return the items then in progress."""
    lost = []
    with _pool(jobs) as pool:
        for item, future in finished(pool, partial(_done, work), waiting, lambda: jobs):
            try:
                yield future.result()
            except BrokenExecutor:
                lost.append(item)
    return lost


class _Processes(ProcessPoolExecutor):
    """Processes that ignore Ctrl-C, which their parent handles."""

    def submit(self, work: Callable[..., T], /, *args: Any, **named: Any) -> Future[T]:
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # new ones inherit it
        try:
            return super().submit(work, *args, **named)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _pool(jobs: int) -> Iterator[Executor]:
    others = set(multiprocessing.active_children())
    threads = max(1, cores() // jobs)
    context = multiprocessing.get_context("spawn")
    pool = _Processes(jobs, context, _begin, (threads,))
    try:
        yield pool
    except BaseException:
        # Do not wait for work in progress.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(threads: int) -> None:
    """Begin a worker, which computes on `threads`, tidies up when terminated, and ends with us."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGTERM, _terminate)
    threading.Thread(target=_follow, daemon=True).start()


def _terminate(number: int, frame: FrameType | None) -> None:
    # The pool tells a waiting worker that there is no more work, but the message never arrives if
    # another worker was killed while it held the lock of their queue.
    grace = threading.Timer(GRACE, os._exit, (1,))
    grace.daemon = True
    grace.start()
    _terminated.set()
    if _at_work.is_set():
        raise SystemExit


def _done(work: Work, item: Item) -> Outcome:
    _at_work.set()
    try:
        if _terminated.is_set():
            raise SystemExit
        return work(item)
    finally:
        _at_work.clear()


def _follow() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
