"""Workers of a Dask cluster, which repeats the work of a worker that dies."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError

from distributed import Client, KilledWorker

from runtime.errors import SpikingMusicError
from spiking_music.corpus.listing import Item
from spiking_music.corpus.outcome import Outcome
from spiking_music.corpus.window import Work, finished

PATIENCE = "10s"  # how long to wait for a scheduler
_AHEAD = 2  # files to hand out for each thread of the cluster, so that no thread has to wait


def on_cluster(work: Work, items: Sequence[Item], address: str) -> Iterator[Outcome]:
    """Yield the outcomes of `items`, in order of completion, from the scheduler at `address`.

    Workers may come and go. Each needs this package, the bundle at the same path, and the places
    that recordings are read from and written to.
    Raises `SpikingMusicError` when no scheduler answers, or when it is lost.
    """
    with _client(address) as client, client.get_executor(pure=False) as executor:

        def width() -> int:
            return _AHEAD * max(1, sum(client.nthreads().values()))

        for item, future in finished(executor, work, deque(items), width):
            try:
                yield future.result()
            except KilledWorker as error:
                yield Outcome(item, "failed", reason=f"its workers were killed: {error}")
            except CancelledError as error:
                raise SpikingMusicError(
                    f"--scheduler {address}: connection lost; run again to continue"
                ) from error


def _client(address: str) -> Client:
    try:
        return Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise SpikingMusicError(
            f"--scheduler {address}: no Dask scheduler answers there ({error})"
        ) from error
