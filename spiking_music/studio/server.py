"""The studio as a web application: a page, and the addresses that its scripts request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import numpy as np
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from runtime.audio.flac import flac
from runtime.codec import Codec
from runtime.errors import SpikingMusicError
from runtime.untrusted import UntrustedError, parse_json
from spiking_music.listening.page import PLAYER
from spiking_music.report.demo import default_clip
from spiking_music.report.spectrum import spectrogram
from spiking_music.studio import view, work
from spiking_music.studio.answer import answer
from spiking_music.studio.errors import StudioError, TooLargeError, TooSlowError, UnknownError
from spiking_music.studio.guard import GUARDS
from spiking_music.studio.limits import Limits
from spiking_music.studio.piece import Piece, pictured
from spiking_music.studio.rows import row_count
from spiking_music.studio.session import Session
from spiking_music.studio.uploads import is_midi, receive, shown_name
from spiking_music.studio.visitors import Visitors
from train.data.performance import read_midi

_PARTS = Path(__file__).with_name("parts")
_LARGEST_JSON = 1 << 20  # bytes; the numbers of 65 535 units fit


class Studio:
    """The answers to all requests, from a `codec` and the sessions of the `visitors`."""

    def __init__(self, codec: Codec, visitors: Visitors, limits: Limits) -> None:
        self.codec, self.visitors, self.limits = codec, visitors, limits

    def routes(self) -> list[Route | Mount]:
        """Return the routes: which method answers which address."""
        here = "/sessions/{session}"
        return [
            Route("/", _page),
            Route("/player.js", _player),
            Mount("/parts", StaticFiles(directory=_PARTS)),
            Route("/example", _example),
            Route("/model", self.model),
            Route("/sessions", self.welcome, methods=["POST"]),
            Route(here, self.progress),
            Route(f"{here}/file", self.take, methods=["PUT"]),
            Route(f"{here}/wishes", self.change, methods=["PUT"]),
            Route(f"{here}/job", self.cancel, methods=["DELETE"]),
            Route(f"{here}/events", self.events),
            Route(f"{here}/picture", self.picture),
            Route(f"{here}/sounds/{{sound}}", self.sound),
            Route(f"{here}/units/{{unit:int}}/sound", self.answer_sound),
        ]

    async def model(self, request: Request) -> Response:
        return JSONResponse(view.model(self.codec.manifest))

    async def welcome(self, request: Request) -> Response:
        return JSONResponse({"session": self.visitors.welcome()}, 201)

    async def progress(self, request: Request) -> Response:
        return JSONResponse(view.progress(self._session(request)))

    async def take(self, request: Request) -> Response:
        """Receive a recording and study it, or the notes of the current recording."""
        session, file = self._session(request), self.visitors.new_file()
        name = shown_name(request.query_params.get("name", ""))
        await receive(request.stream(), file, name, self.limits)
        if await run_in_threadpool(is_midi, file):
            await run_in_threadpool(_take_notes, session, file, name)
        else:
            task = partial(
                work.take_in, self.codec, session, file=file, name=name, longest=self.limits.seconds
            )
            self.visitors.start(session, lambda job: task(job=job))
        return JSONResponse(view.progress(session), 202)

    async def change(self, request: Request) -> Response:
        """Decode the piece at another mu or without some units."""
        session = self._session(request)
        _piece(session)
        mu, muted = self._wishes(await _json(request, self.limits.arrival))
        task = partial(work.change, self.codec, session, mu=mu, muted=muted)
        self.visitors.start(session, lambda job: task(job=job))
        return JSONResponse(view.progress(session), 202)

    async def cancel(self, request: Request) -> Response:
        session = self._session(request)
        session.cancel()
        return JSONResponse(view.progress(session))

    async def events(self, request: Request) -> Response:
        """The events of encoding `coding` from frame `from` on, as far as they are encoded."""
        state = self._session(request).state
        if request.query_params.get("coding") != str(state.coding):
            raise UnknownError("this encoding has been replaced; reload the page")
        start = request.query_params.get("from", "0")
        if not (start.isascii() and start.isdigit()) or len(start) > 12:
            raise StudioError("from: give the number of the first frame")
        return _bytes(view.packed(state, int(start)))

    async def picture(self, request: Request) -> Response:
        return _bytes(_piece(self._session(request)).picture.tobytes())

    async def sound(self, request: Request) -> Response:
        sounds = self._session(request).state.sounds
        name = request.path_params["sound"]
        if name not in sounds:
            raise UnknownError("this sound does not exist yet")
        return Response(sounds[name], media_type="audio/flac")

    async def answer_sound(self, request: Request) -> Response:
        """What one unit responds to, as a sound, or with `as=picture` as a spectrogram."""
        session, unit = self._session(request), request.path_params["unit"]
        state, piece, model = session.state, _piece(session), self.codec.manifest
        if unit >= (rows := row_count(model)):
            raise UnknownError(f"there is no unit {unit}; the last is {rows - 1}")
        async with session.answering:  # its picture is asked for with its sound
            about = (state.taken, state.coding, state.encoded, unit)
            if session.answer is None or session.answer[0] != about:
                words = (piece.samples, state.bits[unit, : state.encoded])
                made = await run_in_threadpool(answer, *words, model.hop, model.sample_rate)
                session.answer = about, made
            found = session.answer[1]
        if request.query_params.get("as") == "picture":
            drawn = pictured(spectrogram(found.sound, model.sample_rate))
            return _bytes(np.ascontiguousarray(drawn).tobytes())
        return Response(flac(found.sound, model.sample_rate), media_type="audio/flac")

    def _session(self, request: Request) -> Session:
        return self.visitors.session(request.path_params["session"])

    def _wishes(self, wishes: object) -> tuple[int | None, frozenset[int]]:
        mu, muted = (wishes.get(k) for k in ("mu", "muted")) if isinstance(wishes, dict) else (0, 0)
        manifest = view.model(self.codec.manifest)
        largest = manifest["largest_mu"]
        fits = mu is None if largest is None else type(mu) is int and 0 <= mu <= largest
        if not fits:
            raise StudioError(manifest["no_mu"] or f"mu: choose from 0 to {largest}")
        units = row_count(self.codec.manifest)
        if not isinstance(muted, list) or not all(type(u) is int and 0 <= u < units for u in muted):
            raise StudioError(f"muted: give a list of units from 0 to {units - 1}")
        return mu, frozenset(muted)


def application(codec: Codec, folder: Path, limits: Limits) -> Starlette:
    """Return the application; `folder` is temporary and takes uploads while they are read."""
    visitors = Visitors(folder, limits.sessions)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(visitors.close)

    return Starlette(
        routes=Studio(codec, visitors, limits).routes(),
        middleware=GUARDS,
        exception_handlers={SpikingMusicError: _refusal, ClientDisconnect: _nobody},
        lifespan=lifespan,
    )


async def _page(request: Request) -> Response:
    return FileResponse(_PARTS / "studio.html")


async def _example(request: Request) -> Response:
    clip = default_clip()
    return FileResponse(clip, filename=clip.name)


async def _player(request: Request) -> Response:
    return FileResponse(PLAYER)


def _take_notes(session: Session, file: Path, name: str) -> None:
    file = file.rename(file.with_suffix(".mid"))  # the reader chooses the format by the suffix
    try:
        _piece(session)
        session.put_notes(read_midi(file))
    except SpikingMusicError as error:
        raise StudioError(str(error).replace(str(file), name)) from error
    finally:
        file.unlink(missing_ok=True)


def _piece(session: Session) -> Piece:
    if session.state.piece is None:
        raise StudioError("no recording is open yet; open one first")
    return session.state.piece


async def _json(request: Request, arrival: float) -> object:
    body = b""
    try:
        async with asyncio.timeout(arrival):
            async for block in request.stream():
                body += block
                if len(body) > _LARGEST_JSON:
                    raise TooLargeError("the request is too large")
    except TimeoutError as error:
        raise TooSlowError(f"the request took longer than {arrival:g} s; try again") from error
    try:
        return parse_json(body)
    except UntrustedError as error:
        raise StudioError("the request is not JSON") from error


def _refusal(request: Request, error: Exception) -> Response:
    status = error.status if isinstance(error, StudioError) else 400
    return JSONResponse({"error": str(error)}, status)


def _nobody(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # there is nobody left to read it


def _bytes(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")
