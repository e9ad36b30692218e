"""The sessions of all visitors, and the threads that work for them."""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from runtime.errors import SpikingMusicError
from spiking_music.studio.errors import UnknownError
from spiking_music.studio.jobs import Cancelled, Job
from spiking_music.studio.session import Session

_WORKERS = 2


class Visitors:
    """Sessions by an id that cannot be guessed; beyond `most`, the least recently used is dropped.

    `folder` is temporary and takes the uploads.
    """

    def __init__(self, folder: Path, most: int) -> None:
        self.folder, self.most = folder, most
        self._sessions: OrderedDict[str, Session] = OrderedDict()
        self._pool = ThreadPoolExecutor(_WORKERS, "studio")

    def welcome(self) -> str:
        """Begin a session and return its id."""
        while len(self._sessions) >= self.most:
            self._sessions.popitem(last=False)[1].cancel()
        name = secrets.token_urlsafe(16)
        self._sessions[name] = Session()
        return name

    def session(self, name: str) -> Session:
        """Return a session; raises `UnknownError` if none has this id."""
        if name not in self._sessions:
            raise UnknownError("this session has ended; reload the page")
        self._sessions.move_to_end(name)
        return self._sessions[name]

    def new_file(self) -> Path:
        """Return an unused path in the temporary folder."""
        return self.folder / secrets.token_hex(16)

    def start(self, session: Session, work: Callable[[Job], None]) -> None:
        """Run `work` in the background, in place of this session's current job."""
        job = session.begin()
        self._pool.submit(_finish, session, job, work)

    def close(self) -> None:
        """Cancel everything and wait until nothing runs."""
        for session in self._sessions.values():
            session.cancel()
        self._pool.shutdown(cancel_futures=True)


def _finish(session: Session, job: Job, work: Callable[[Job], None]) -> None:
    try:
        work(job)
    except Cancelled:
        session.end(job)
    except SpikingMusicError as error:
        session.end(job, str(error))
    except Exception:  # any error: a job that never ends would leave its visitor waiting
        logging.getLogger(__name__).exception("work for a visitor failed")
        session.end(job, "something went wrong; see the terminal of the studio")
    else:
        session.end(job)
