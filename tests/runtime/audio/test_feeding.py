"""The pipe that libsndfile reads from: it gives everything, and ends on a signal that asks to."""

import asyncio
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.audio.feeding import fed
from runtime.errors import AudioError


@contextmanager
def stalled() -> Iterator[int]:
    """A pipe that holds one byte and stays open."""
    inlet, outlet = os.pipe()
    os.write(outlet, b"b")
    try:
        yield inlet
    finally:
        os.close(outlet)
        os.close(inlet)


@contextmanager
def handled(number: int) -> Iterator[list[int]]:
    """Count a signal instead of ending by it."""
    heard: list[int] = []
    before = signal.signal(number, lambda *_: heard.append(number))
    try:
        yield heard
    finally:
        signal.signal(number, before)


def whole(pipe: int) -> bytes:
    """All that a pipe gives, over signals, as libsndfile reads it."""
    with open(os.dup(pipe), "rb") as file:
        return file.read()


@given(begin=st.binary(max_size=9), rest=st.binary(max_size=9), times=st.integers(1, 50_000))
def test_everything_is_given(begin: bytes, rest: bytes, times: int) -> None:
    inlet, outlet = os.pipe()

    def write() -> None:
        with open(outlet, "wb") as file:
            file.write(rest * times)

    writer = Thread(target=write)
    writer.start()
    with fed(begin, inlet, "pipe") as pipe:
        assert whole(pipe) == begin + rest * times
    writer.join()
    os.close(inlet)
    assert signal.set_wakeup_fd(-1) == -1


def read_until(number: int, heard: list[bytes]) -> None:
    """Read from a source that stalls until this process gets a signal."""
    with stalled() as source, fed(b"a", source, "pipe") as pipe:
        threading.Timer(0.2, os.kill, (os.getpid(), number)).start()
        heard.append(whole(pipe))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_handler_that_goes_on_gets_an_error(number: int) -> None:
    sound: list[bytes] = []
    with handled(number) as heard, pytest.raises(AudioError, match="signal"):
        read_until(number, sound)
    assert (heard, sound) == ([number], [b"ab"])


def test_what_the_handler_raises_is_raised() -> None:
    with pytest.raises(KeyboardInterrupt):
        read_until(signal.SIGINT, [])


def test_other_signals_do_not_cut_the_sound() -> None:
    inlet, outlet = os.pipe()
    with handled(signal.SIGUSR1) as heard, fed(b"a", inlet, "pipe") as pipe:
        os.kill(os.getpid(), signal.SIGUSR1)
        os.write(outlet, b"b")
        os.close(outlet)
        assert whole(pipe) == b"ab"
    assert heard == [signal.SIGUSR1]
    os.close(inlet)


def test_a_process_that_is_stopped_loses_nothing() -> None:
    code = """
import os, time
from runtime.audio.feeding import fed
with fed(b"", 0, "pipe") as pipe:
    print(os.getpid(), flush=True)
    found = 0
    while data := os.read(pipe, 20_000):
        found += len(data)
        time.sleep(0.001)
print(found)
"""
    words = [sys.executable, "-c", code]
    size = 20_000_000
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        given, output = process.stdin, process.stdout

        def write() -> None:
            with given:
                given.write(bytes(size))

        writer = Thread(target=write)
        writer.start()
        for _ in range(20):
            process.send_signal(signal.SIGSTOP)
            process.send_signal(signal.SIGCONT)
            time.sleep(0.03)
        assert int(output.read()) == size
        writer.join()


def test_a_source_that_breaks_is_named() -> None:
    server = socket.create_server(("localhost", 0))
    client = socket.create_connection(server.getsockname())
    connection, _ = server.accept()
    connection.send(b"b")

    def reset() -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def read() -> None:
        with fed(b"a", client.fileno(), "the net") as pipe:
            assert os.read(pipe, 1) == b"a"
            reset()
            whole(pipe)

    with pytest.raises(AudioError, match="the net: cannot be read on"):
        read()
    client.close()
    server.close()


def test_the_thread_ends_with_the_block() -> None:
    before = threading.active_count()
    with stalled() as source, fed(b"a", source, "pipe"):
        assert threading.active_count() == before + 1
    for thread in threading.enumerate()[before:]:
        thread.join(10)
    assert threading.active_count() == before


def test_an_event_loop_keeps_its_signals() -> None:
    heard: list[str] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, heard.append, "loop")
        with stalled() as source, fed(b"a", source, "pipe"):
            os.kill(os.getpid(), signal.SIGUSR1)
        await asyncio.sleep(0.1)

    asyncio.run(main())
    assert heard == ["loop"]
