"""A studio on a port of its own, and recordings to give it."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import symusic
import uvicorn

from runtime.bundle import Bundle
from runtime.codec import Codec
from spiking_music.studio.limits import Limits
from spiking_music.studio.run import serving
from spiking_music.studio.server import application

SECONDS = 1.5


@dataclass(frozen=True)
class Running:
    """A studio that serves on `port`, with the temporary `folder` it may write to."""

    port: int
    folder: Path

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[HTTPResponse, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port)
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response, response.read()

    def json(self, method: str, path: str, body: object = None) -> Any:
        return json.loads(self.ask(method, path, body)[1])

    def welcome(self) -> str:
        return f"/sessions/{self.json('POST', '/sessions')['session']}"

    def settled(self, session: str) -> Any:
        """The state once nothing is under way."""
        while (state := self.json("GET", session))["job"]:
            time.sleep(0.01)
        return state


Serve = Callable[..., Running]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Serve a bundle, with limits, until the test ends."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(bundle: Bundle, limits: Limits | None = None, codec: Codec | None = None) -> Running:
        folder = tmp_path / f"uploads-{len(running)}"
        folder.mkdir()
        app = application(codec or Codec(bundle), folder, limits or Limits())
        config = serving(app)
        config.port, config.log_level = 0, "error"
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        return Running(server.servers[0].sockets[0].getsockname()[1], folder)

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


class SlowCodec(Codec):
    """A codec that waits in the middle of its work until it is let go."""

    def __init__(self, bundle: Bundle) -> None:
        super().__init__(bundle)
        self.inside, self.go = threading.Event(), threading.Event()

    def decode(self, *words: Any, progress: Any = None, **more: Any) -> Any:
        self.inside.set()
        self.go.wait()
        progress(0.5)
        return super().decode(*words, progress=progress, **more)


@pytest.fixture
def slow(toy_bundle: Bundle) -> Iterator[SlowCodec]:
    codec = SlowCodec(toy_bundle)
    yield codec
    codec.go.set()


@pytest.fixture(scope="session")
def both_bundle(tmp_path_factory: pytest.TempPathFactory, toys: Callable[..., Bundle]) -> Bundle:
    """A toy of many rates whose bottleneck can be priced."""
    return toys(tmp_path_factory.mktemp("both"), bottleneck=True, with_mu=True)


def recording(seconds: float = SECONDS, seed: int = 0, kind: str = "WAV") -> bytes:
    """A file of noise at 22 050 Hz."""
    file = io.BytesIO()
    noise = np.random.default_rng(seed).normal(0, 0.1, round(seconds * 22_050))
    soundfile.write(file, noise, 22_050, format=kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def wav() -> bytes:
    return recording()


@pytest.fixture(scope="session")
def other_wav() -> bytes:
    return recording(seed=1, kind="FLAC")


@pytest.fixture(scope="session")
def midi(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three notes in a second and a half."""
    score, track = symusic.Score(480, ttype="Tick"), symusic.Track()
    for start, pitch in ((0.1, 48), (0.5, 60), (0.9, 76)):  # seconds, 960 ticks each
        track.notes.append(symusic.Note(round(start * 960), round(0.4 * 960), pitch, 80))
    score.tracks.append(track)
    file = tmp_path_factory.mktemp("midi") / "notes.mid"
    score.dump_midi(file)
    return file.read_bytes()
