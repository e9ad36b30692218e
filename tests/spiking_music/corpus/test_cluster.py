import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import Client, LocalCluster

from runtime.errors import SpikingMusicError
from spiking_music.corpus.cluster import on_cluster
from spiking_music.corpus.listing import listed
from spiking_music.corpus.recipe import Recipe
from spiking_music.corpus.run import encode_corpus
from spiking_music.corpus.window import Work

Outputs = Callable[[Path], dict[str, bytes]]
Write = Callable[[Path, int], None]


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two workers of one thread, each a process that is replaced when it dies."""
    options = {"dashboard_address": None, "worker_dashboard_address": None}
    with LocalCluster(n_workers=2, threads_per_worker=1, silence_logs=50, **options) as two:
        yield two


def test_a_cluster_makes_the_same_files_and_keeps_them(
    cluster: LocalCluster, music: Path, out: Path, tmp_path: Path, recipe: Recipe, outputs: Outputs
) -> None:
    (music / "broken.wav").write_text("no sound")
    alone = tmp_path / "alone"
    encode_corpus(listed(str(music), str(alone)), recipe, 1)
    listing, address = listed(str(music), str(out)), cluster.scheduler_address
    first = encode_corpus(listing, recipe, 1, address)
    second = encode_corpus(listing, recipe, 1, address)
    assert outputs(out) == outputs(alone)
    assert (first["encoded"], first["failed"]) == (4, 1)
    assert (second["kept"], second["failed"]) == (4, 1)


def test_a_worker_killed_at_work_loses_nothing(
    cluster: LocalCluster, music: Path, out: Path, work: Work, outputs: Outputs, write: Write
) -> None:
    items = listed(str(music), str(out)).items
    (music / "z.wav").unlink()
    os.mkfifo(music / "z.wav")  # who reads it waits for ever
    outcomes = on_cluster(work, items, cluster.scheduler_address)
    assert {next(outcomes).item.name for _ in range(3)} == {"a.wav", "b.flac", "deep/er/c.wav"}
    (music / "z.wav").unlink()
    write(music / "z.wav", 3_000)
    with Client(cluster, set_as_default=False) as client:
        (busy,) = [worker for worker, tasks in client.processing().items() if tasks]
        os.kill(client.run(os.getpid, workers=[busy])[busy], signal.SIGKILL)
    assert [outcome.status for outcome in outcomes] == ["encoded"]
    assert len(outputs(out)) == 4


def test_where_no_scheduler_answers_is_said_so(
    music: Path, out: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("spiking_music.corpus.cluster.PATIENCE", "100ms")
    listing = listed(str(music), str(out))
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(SpikingMusicError, match=f"--scheduler {address}: no Dask scheduler"):
            encode_corpus(listing, recipe, 1, address)
