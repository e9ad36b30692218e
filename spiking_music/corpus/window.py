"""Hand out any amount of work a little at a time."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

from spiking_music.corpus.listing import Item
from spiking_music.corpus.outcome import Outcome

Work = Callable[[Item], Outcome]


def finished(
    executor: Executor, work: Work, waiting: deque[Item], width: Callable[[], int]
) -> Iterator[tuple[Item, Future[Outcome]]]:
    """Yield items and their futures as they finish, with at most `width()` in progress at a time.

    Items are removed from `waiting` when they are handed out; a broken executor gets no more.
    """
    running: dict[Future[Outcome], Item] = {}
    broken = False
    while running or (waiting and not broken):
        while waiting and not broken and len(running) < width():
            try:
                future = executor.submit(work, waiting[0])
            except BrokenExecutor:
                broken = True
            else:
                running[future] = waiting.popleft()
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            broken = broken or isinstance(future.exception(), BrokenExecutor)
            yield running.pop(future), future
