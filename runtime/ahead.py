"""Work on the next items of a stream, in other threads, while one is used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from runtime.sessions import cores

Item = TypeVar("Item")
Result = TypeVar("Result")


def ahead(items: Iterable[Item], count: int = 1) -> Generator[Item, None, None]:
    """Yield `items`, the next `count` being made in a thread; without one if there is one core.

    What an item raises is raised in its place. Closing waits for the item that is being made, so
    `items` should not wait for anything that comes from outside.
    """
    if cores() == 1:
        yield from items
        return
    rest, end = iter(items), object()
    with ThreadPoolExecutor(1) as thread:
        coming: deque[Any] = deque(thread.submit(next, rest, end) for _ in range(count))
        while (item := coming.popleft().result()) is not end:
            coming.append(thread.submit(next, rest, end))
            yield item


def mapped(work: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result, None, None]:
    """Yield the results of `work` on `items`, in their order, from a thread for each core.

    Otherwise like `ahead`.
    """
    if cores() == 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(cores()) as pool:
        for job in ahead((pool.submit(work, item) for item in items), cores()):
            yield job.result()
