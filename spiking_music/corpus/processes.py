"""Workers on this machine: processes, of which any may die without taking more than itself."""

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

GRACE = 2.0  # seconds in which a worker that is terminated tidies up

# Of a worker.
_at_work, _terminated = threading.Event(), threading.Event()


def on_processes(work: Work, items: Sequence[Item], jobs: int) -> Iterator[Outcome]:
    """Yield the outcomes of `items` as they come, from `jobs` processes; one job needs none.

    When a worker dies, the files that were in work are done again one by one, so that the one of
    which workers die is found: it has failed, and the others have not.
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
    """Yield outcomes until all is done, or a worker dies; return the items that were in work."""
    lost = []
    with _pool(jobs) as pool:
        for item, future in finished(pool, partial(_done, work), waiting, lambda: jobs):
            try:
                yield future.result()
            except BrokenExecutor:
                lost.append(item)
    return lost


class _Processes(ProcessPoolExecutor):
    """Processes that Ctrl-C does not reach: it is answered once, by the one who began them."""

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
        # What is in work is given up, not waited for.
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
    # A worker that waits for work is told by the pool that there is no more, but never hears of it
    # when another was killed while it held the lock of their queue.
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
