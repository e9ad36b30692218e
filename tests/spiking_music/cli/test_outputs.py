"""Nothing is lost at the command line: not an input, not a pipe, not what stood at an output."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
import soundfile

from runtime.audio.wav import wav_header
from runtime.bundle import Bundle

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def spk(cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path) -> Path:
    path = tmp_path / "piece.spk"
    assert cli("encode", piece, path, "--bundle", toy_bundle.path)[0] == 0
    return path


@pytest.mark.parametrize("force", [(), ("-f",)])
def test_what_is_read_is_never_written(
    cli: Run, toy_bundle: Bundle, piece: Path, spk: Path, force: tuple[str, ...]
) -> None:
    link, hard = piece.with_name("link.spk"), piece.with_name("hard.spk")
    link.symlink_to(piece)
    os.link(spk, hard)
    for words in (("encode", piece, piece), ("encode", piece, link), ("decode", spk, hard)):
        before = words[1].read_bytes()
        code, _, errors = cli(*words, *force, "--bundle", toy_bundle.path)
        assert code == 2
        assert "is what is read" in errors
        assert words[1].read_bytes() == before
    assert link.is_symlink()


@pytest.mark.parametrize("verb", ["encode", "decode"])
def test_of_a_missing_source_and_a_folder_the_source_is_named(
    cli: Run, tmp_path: Path, verb: str
) -> None:
    code, _, errors = cli(verb, tmp_path / "missing", tmp_path)
    assert (code, errors) == (2, f"error: {tmp_path / 'missing'}: no such file\n")


def test_a_decoded_piece_never_aims_at_its_source(
    cli: Run, toy_bundle: Bundle, tmp_path: Path
) -> None:
    source = tmp_path / "own.wav"
    soundfile.write(source, np.random.default_rng(0).normal(0, 0.1, 5000), 22_050)
    before = source.read_bytes()
    bundle = ("--bundle", toy_bundle.path)
    assert cli("encode", source, *bundle)[0] == 0
    assert cli("decode", tmp_path / "own.spk", "-f", *bundle)[0] == 0
    assert source.read_bytes() == before
    assert soundfile.info(tmp_path / "own.decoded.wav").frames == 5000


@pytest.mark.parametrize("force", [(), ("-f",)])
@pytest.mark.parametrize("verb", ["encode", "decode"])
def test_a_pipe_by_its_name_is_streamed_to(
    cli: Run,
    toy_bundle: Bundle,
    piece: Path,
    spk: Path,
    tmp_path: Path,
    verb: str,
    force: tuple[str, ...],
) -> None:
    fifo, heard = tmp_path / "fifo", []
    os.mkfifo(fifo)
    reader = Thread(target=lambda: heard.append(fifo.read_bytes()))
    reader.start()
    source = piece if verb == "encode" else spk
    assert cli(verb, source, fifo, *force, "--bundle", toy_bundle.path)[0] == 0
    reader.join()
    assert fifo.is_fifo()
    assert heard[0][:4] == (spk.read_bytes()[:4] if verb == "encode" else b"RIFF")


def test_another_ending_is_refused_before_the_work(cli: Run, spk: Path) -> None:
    # Before the bundle, even.
    code, _, errors = cli("decode", spk, spk.with_suffix(".mp3"), "--bundle", "none")
    assert code == 2
    assert ".wav or .flac" in errors


def test_an_empty_name_is_no_folder(cli: Run, tmp_path: Path) -> None:
    code, _, errors = cli("encode", "", tmp_path / "out")
    assert code == 2
    assert "AUDIO is empty" in errors
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_leaves_nothing_that_the_next_run_does_not_remove(
    toy_bundle: Bundle, tmp_path: Path, piece: Path, number: int
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    target = out / "x.spk"
    bundle = ("--bundle", str(toy_bundle.path))
    words = (sys.executable, "-m", "spiking_music", "encode", "-", str(target), *bundle)
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(wav_header(22_050, None) + bytes(50_000))  # and more to come
        process.stdin.flush()
        while not any(out.iterdir()):
            time.sleep(0.05)
            assert process.poll() is None
        time.sleep(1)  # by then it has read all that there is, and waits inside of libsndfile
        process.send_signal(number)
        code = process.wait(timeout=60)
    if number == signal.SIGKILL:
        assert any(out.iterdir())
    else:
        assert code == 128 + number
        assert not any(out.iterdir())
    # This process may have been here before, and looks once.
    again = subprocess.run([*words[:4], str(piece), *words[5:]], check=False)
    assert again.returncode == 0
    assert [entry.name for entry in out.iterdir()] == ["x.spk"]


def test_an_exit_that_gets_lost_is_asked_for_again() -> None:
    code = """
import os, signal, time
from spiking_music.cli import main
main.AGAIN = 0.2
signal.signal(signal.SIGTERM, main._terminate)
try:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(9)
except SystemExit:
    pass
time.sleep(60)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=50)
    assert done.returncode == 128 + signal.SIGTERM
