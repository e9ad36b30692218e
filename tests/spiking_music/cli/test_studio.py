import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

from runtime.bundle import Bundle

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[3]


def test_the_studio_serves_this_machine_alone_until_it_is_stopped(toy_bundle: Bundle) -> None:
    words = [sys.executable, "-m", "spiking_music", "studio", "--port", "0"]
    with subprocess.Popen(
        [*words, "--bundle", str(toy_bundle.path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        # A shell's background job, and all that it starts, ignores this signal.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        try:
            assert process.stdout
            address = process.stdout.readline().split()[0]
            assert address.startswith("http://127.0.0.1:")
            with urlopen(address) as answer:
                assert b"Spiking Music studio" in answer.read()
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait() == 130


def test_a_port_that_is_taken_is_told(cli: Run, toy_bundle: Bundle) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, _, errors = cli("studio", "--port", port, "--bundle", toy_bundle.path)
    assert code == 2
    assert f"port {port}: " in errors
    assert len(errors.splitlines()) == 1
