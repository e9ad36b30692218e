from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import fsspec
import pytest
from moto.server import ThreadedMotoServer

from spiking_music.corpus.listing import listed
from spiking_music.corpus.recipe import Recipe
from spiking_music.corpus.run import SUMMARY, encode_corpus, write_summary


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An object store on this machine, and what its clients are told to find it."""
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    fsspec.config.conf["s3"] = {
        "key": "nobody",
        "secret": "nothing",
        "endpoint_url": f"http://{host}:{port}",
    }
    fsspec.filesystem("s3").mkdir("music")
    yield "s3://music"
    del fsspec.config.conf["s3"]
    server.stop()


@pytest.fixture(params=["memory", "s3"])
def store(request: pytest.FixtureRequest) -> str:
    """The address of an empty folder in a store."""
    root = request.getfixturevalue("s3") if request.param == "s3" else "memory:/"
    return f"{root}/{uuid4().hex}"


def test_a_store_gives_and_takes_the_same_files_as_a_disk(
    store: str, music: Path, out: Path, recipe: Recipe, outputs: Callable[[Path], dict[str, bytes]]
) -> None:
    encode_corpus(listed(str(music), str(out)), recipe, 1)
    files, root = fsspec.url_to_fs(store)
    files.put(f"{music}/", f"{root}/in/", recursive=True)
    listing = listed(f"{store}/in", f"{store}/out")
    first = encode_corpus(listing, recipe, 1)
    write_summary(first, f"{store}/out")
    assert (first["encoded"], first["failed"]) == (4, 0)
    for name, data in outputs(out).items():
        assert files.cat_file(f"{root}/out/{name}") == data
    assert b'"encoded": 4' in files.cat_file(f"{root}/out/{SUMMARY}")
    files.pipe_file(f"{root}/out/a.spk", files.cat_file(f"{root}/out/a.spk")[:-1])
    second = encode_corpus(listing, recipe, 1)
    assert (second["encoded"], second["kept"]) == (1, 3)


def test_lists_and_single_recordings_have_addresses_too(
    store: str, music: Path, recipe: Recipe
) -> None:
    files, root = fsspec.url_to_fs(store)
    files.put(f"{music}/", f"{root}/in/", recursive=True)
    files.pipe_file(f"{root}/in/list.txt", f"a.wav\n{store}/in/z.wav\nnone.wav\n".encode())
    summary = encode_corpus(listed(f"{store}/in/list.txt", f"{store}/out"), recipe, 1)
    assert (summary["encoded"], summary["failed"]) == (2, 1)
    assert files.isfile(f"{root}/out/a.spk")
    single = listed(f"{store}/in/a.wav", f"{store}/single")
    assert encode_corpus(single, recipe, 1)["encoded"] == 1
    assert files.isfile(f"{root}/single/a.spk")
