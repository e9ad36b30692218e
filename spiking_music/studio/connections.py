"""HTTP connections of which half-sent requests cannot shut others out."""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_UNFINISHED = 64
GRACE = 1.0  # seconds in which what has been sent is read, even on a busy machine


class Connection(H11Protocol):
    """A connection; once too many are unfinished, the one silent for longest is closed."""

    spoke = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and soon make room."""
        super().connection_made(transport)
        self.spoke = self.loop.time()
        self.loop.call_later(GRACE, self._make_room)

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        self.spoke = self.loop.time()
        super().data_received(data)

    @property
    def unfinished(self) -> bool:
        """Whether it waits for a request, or for the rest of one."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _make_room(self) -> None:
        others = (other for other in self.connections if isinstance(other, Connection))
        unfinished = [other for other in others if other.unfinished]
        if len(unfinished) > MOST_UNFINISHED:
            min(unfinished, key=lambda other: other.spoke).transport.close()
