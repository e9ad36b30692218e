"""Streams that are worked on in other threads come as they would in one."""

import threading
from collections.abc import Iterator

import pytest

from runtime.ahead import ahead, mapped


@pytest.fixture(params=["1", "2", "5"], autouse=True)
def cores(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("OMP_NUM_THREADS", request.param)
    return int(request.param)


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_everything_comes_in_order(count: int) -> None:
    assert [*ahead(iter(range(count)))] == [*range(count)]
    assert [*mapped(lambda item: item * item, range(count))] == [n * n for n in range(count)]


def test_an_error_comes_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield from range(3)
        raise ValueError("the third")

    for stream in (ahead(items()), mapped(int, items())):
        assert [next(stream) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match="the third"):
            next(stream)
    divided = mapped(lambda item: 1 // item, [1, 0])
    assert next(divided) == 1
    with pytest.raises(ZeroDivisionError):
        next(divided)


def test_little_more_is_taken_than_is_used(cores: int) -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        while True:
            taken += 1
            yield taken

    stream = mapped(int, ahead(items()))
    for _ in range(10):
        next(stream)
    stream.close()
    assert 10 <= taken <= 10 + cores + 2


def test_the_next_item_is_made_while_one_is_used(cores: int) -> None:
    made = [threading.Event() for _ in range(3)]

    def items() -> Iterator[int]:
        for number, event in enumerate(made):
            event.set()
            yield number

    stream = ahead(items())
    assert next(stream) == 0
    assert made[1].wait(10 if cores > 1 else 0) == (cores > 1)
    stream.close()
