"""Recordings to files and back at the command line, whole, in part, in a pipe, and damaged."""

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from runtime.bundle import Bundle
from runtime.spk.chunks import SYNC
from runtime.spk.container import read_spk
from runtime.spk.reader import SpkReader, opened_spk

Run = Callable[..., tuple[int, str, str]]
RATE, HOP, CHUNK = 22_050, 512, 16


@pytest.fixture
def long_piece(tmp_path: Path) -> Path:
    """Ten and a half chunks of the toy, as a WAV at its own rate."""
    path = tmp_path / "long.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 168 * HOP + 7), RATE)
    return path


def read(path: Path) -> np.ndarray:
    return soundfile.read(path, dtype="int16")[0]


def piped(*words: object, data: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "spiking_music", *map(str, words)]
    return subprocess.run(command, input=data, capture_output=True, check=False)


def without_length(wav: bytes) -> bytes:
    """What a program that writes a WAV to a pipe makes of it."""
    data = bytearray(wav)
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    return bytes(data)


@pytest.mark.parametrize("decoder", ["fast", "diffusion"])
@pytest.mark.parametrize(
    ("begin", "end"), [(None, 0.5), (1.0, 1.25), (2.5, None), (0.7, 3.9), (3.8, 99)]
)
def test_a_part_is_what_the_whole_has_there(
    cli: Run,
    toy_bundle: Bundle,
    long_piece: Path,
    tmp_path: Path,
    decoder: str,
    begin: float | None,
    end: float | None,
) -> None:
    spk, whole, part = (tmp_path / name for name in ("x.spk", "whole.wav", "part.wav"))
    bundle = ("--bundle", toy_bundle.path)
    cli("encode", long_piece, spk, *bundle)
    assert cli("decode", spk, whole, "--decoder", decoder, *bundle)[0] == 0
    span = [*(["--from", begin] if begin else []), *(["--to", end] if end else [])]
    assert cli("decode", spk, part, "--decoder", decoder, *span, *bundle)[0] == 0
    expected = read(whole)[round((begin or 0) * RATE) : round(end * RATE) if end else None]
    np.testing.assert_array_equal(read(part), expected)


def test_a_part_of_a_file_damaged_elsewhere_is_decoded(
    cli: Run, toy_bundle: Bundle, long_piece: Path, tmp_path: Path
) -> None:
    spk, bundle = tmp_path / "x.spk", ("--bundle", toy_bundle.path)
    cli("encode", long_piece, spk, *bundle)
    data = bytearray(spk.read_bytes())
    data[51 + 20] ^= 1  # in chunk 0
    spk.write_bytes(data)
    words = ("decode", spk, tmp_path / "part.wav", "--decoder", "fast", *bundle, "--from")
    assert cli(*words, "0")[0] == 2
    assert cli(*words, "2")[0] == 0


@pytest.mark.parametrize("span", [("2", "2"), ("3", "1"), ("-1", "2"), ("99", "100")])
def test_a_part_that_is_none_is_refused(
    cli: Run, toy_bundle: Bundle, long_piece: Path, span: tuple[str, str]
) -> None:
    bundle = ("--bundle", toy_bundle.path)
    cli("encode", long_piece, *bundle)
    begin, end = span
    code, _, errors = cli(
        "decode", long_piece.with_suffix(".spk"), "x.wav", f"--from={begin}", "--to", end, *bundle
    )
    assert code == 2
    assert begin in errors
    assert errors.count("\n") == 1


def test_streams_of_unknown_length_give_the_same_events_and_sound(
    toy_bundle: Bundle, long_piece: Path, tmp_path: Path, cli: Run
) -> None:
    bundle = ("--bundle", toy_bundle.path)
    cli("encode", long_piece, tmp_path / "x.spk", *bundle)
    cli("decode", tmp_path / "x.spk", tmp_path / "x.wav", *bundle)
    encoded = piped("encode", "-", *bundle, data=without_length(long_piece.read_bytes()))
    assert encoded.stderr == b""
    reader = SpkReader(io.BytesIO(encoded.stdout))
    assert not reader.header.known
    (tmp_path / "y.spk").write_bytes(encoded.stdout)
    piece = read_spk(tmp_path / "y.spk")
    assert piece.samples == 168 * HOP + 7
    assert piece.events == read_spk(tmp_path / "x.spk").events
    decoded = piped("decode", "-", *bundle, data=encoded.stdout)
    assert decoded.stdout == without_length((tmp_path / "x.wav").read_bytes())
    assert cli("decode", tmp_path / "y.spk", tmp_path / "y.wav", *bundle)[0] == 0
    assert (tmp_path / "y.wav").read_bytes() == (tmp_path / "x.wav").read_bytes()
    part = piped("decode", "-", "--from", "1", "--to", "2", *bundle, data=encoded.stdout)
    steps = np.frombuffer(part.stdout[44:], "<i2")
    np.testing.assert_array_equal(steps, read(tmp_path / "x.wav")[RATE : 2 * RATE])


def test_a_part_behind_the_end_of_a_stream_is_refused(
    cli: Run, toy_bundle: Bundle, long_piece: Path, tmp_path: Path
) -> None:
    bundle = ("--bundle", toy_bundle.path)
    encoded = piped("encode", "-", *bundle, data=without_length(long_piece.read_bytes()))
    out = tmp_path / "x.wav"
    decoded = piped("decode", "-", out, "--from", "99", *bundle, data=encoded.stdout)
    assert (decoded.returncode, decoded.stderr.count(b"\n")) == (2, 1)
    (tmp_path / "x.spk").write_bytes(encoded.stdout)
    assert cli("decode", tmp_path / "x.spk", out, "--from", "99", *bundle)[0] == 2
    assert not out.exists()


def test_standard_input_may_be_a_file(
    cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path
) -> None:
    cli("encode", piece, tmp_path / "x.spk", "--bundle", toy_bundle.path)
    command = [sys.executable, "-m", "spiking_music", "encode", "-", "--bundle", toy_bundle.path]
    with piece.open("rb") as file:
        found = subprocess.run(command, stdin=file, capture_output=True, check=True).stdout
    assert found == (tmp_path / "x.spk").read_bytes()


@pytest.mark.parametrize("suffix", [".wav", ".flac"])  # as it arrives, and read whole first
def test_any_recording_comes_through_a_pipe(
    cli: Run, toy_bundle: Bundle, tmp_path: Path, suffix: str
) -> None:
    path, spk = tmp_path / f"x{suffix}", tmp_path / "x.spk"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, (30_001, 2)), 44_100)
    cli("encode", path, spk, "--bundle", toy_bundle.path)
    encoded = piped("encode", "-", "--bundle", toy_bundle.path, data=path.read_bytes())
    assert (encoded.stderr, encoded.returncode) == (b"", 0)
    (tmp_path / "y.spk").write_bytes(encoded.stdout)
    assert read_spk(tmp_path / "y.spk").events == read_spk(spk).events


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no music at all" * 99])
def test_no_recording_in_a_pipe_ends_in_one_line(toy_bundle: Bundle, data: bytes) -> None:
    encoded = piped("encode", "-", "--bundle", toy_bundle.path, data=data)
    assert (encoded.returncode, encoded.stdout) == (2, b"")
    assert encoded.stderr.startswith(b"error: standard input: ")
    assert encoded.stderr.count(b"\n") == 1


def test_a_pipe_gives_events_before_the_sound_is_over(
    toy_bundle: Bundle, long_piece: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "spiking_music", "encode", "-", "--bundle", toy_bundle.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        data = long_piece.read_bytes()
        process.stdin.write(data[:-5000])
        process.stdin.flush()
        early = process.stdout.read(51 + 20)  # the header and a head, while the end is awaited
        process.stdin.write(data[-5000:])
        process.stdin.close()
        rest = process.stdout.read()
    (tmp_path / "x.spk").write_bytes(early + rest)
    assert read_spk(tmp_path / "x.spk").samples == 168 * HOP + 7


def test_what_is_lost_is_silent_on_request_and_named(
    cli: Run, toy_bundle: Bundle, long_piece: Path, tmp_path: Path
) -> None:
    spk, bundle = tmp_path / "x.spk", ("--decoder", "fast", "--bundle", toy_bundle.path)
    cli("encode", long_piece, spk, "--coder", "paper", "--bundle", toy_bundle.path)
    cli("decode", spk, tmp_path / "whole.wav", *bundle)
    data = bytearray(spk.read_bytes())
    second = data.find(SYNC + (2).to_bytes(4, "little"))
    data[second + 17] ^= 1
    spk.write_bytes(data)

    part = tmp_path / "part.wav"
    code, _, errors = cli("decode", spk, part, *bundle)
    assert code == 2
    assert "chunk 2" in errors
    assert not part.exists()
    piped_out = piped("decode", spk, "-", *bundle, data=b"")
    assert (piped_out.returncode, piped_out.stdout) == (2, b"")

    code, output, errors = cli("decode", spk, part, "--conceal", "--json", *bundle)
    assert code == 0
    assert "lost: chunk 2" in errors
    assert [loss["first"] for loss in json.loads(output)["losses"]] == [2]
    whole, found = read(tmp_path / "whole.wav"), read(part)
    assert len(found) == len(whole)
    near = (2 * CHUNK - 1) * HOP, (3 * CHUNK + 1) * HOP  # the graph looks one frame to each side
    np.testing.assert_array_equal(found[: near[0]], whole[: near[0]])
    np.testing.assert_array_equal(found[near[1] :], whole[near[1] :])
    assert not found[near[0] + 2 * HOP : near[1] - 2 * HOP].any()
    for begin in (0.5, 1.0, 2.0):
        words = ("decode", spk, tmp_path / "later.wav", "--conceal", "--from", begin, "-f", *bundle)
        assert cli(*words)[0] == 0
        np.testing.assert_array_equal(read(tmp_path / "later.wav"), found[round(begin * RATE) :])


def test_a_file_says_how_it_is_decoded_unless_it_is_told(
    cli: Run, toy_bundle: Bundle, long_piece: Path, tmp_path: Path
) -> None:
    spk, bundle = tmp_path / "x.spk", ("--bundle", toy_bundle.path)
    hints = ("--decoder", "diffusion", "--sampler", "dpm", "--steps", "3", "--seed", "9")
    cli("encode", long_piece, spk, *hints, "--title", "Étude", "--source", "nowhere", *bundle)
    found = json.loads(cli("info", spk, "--json")[1])
    assert (found["title"], found["source"]) == ("Étude", "nowhere")
    assert [found[name] for name in ("decoder", "sampler", "steps", "seed")] == [
        "diffusion",
        "dpm",
        3,
        9,
    ]
    sounds = {}
    for name, words in {"hinted": (), "told": hints, "other": ("--seed", "8")}.items():
        assert cli("decode", spk, tmp_path / f"{name}.wav", *words, *bundle)[0] == 0
        sounds[name] = read(tmp_path / f"{name}.wav")
    np.testing.assert_array_equal(sounds["hinted"], sounds["told"])
    assert (sounds["hinted"] != sounds["other"]).any()


def chunk_mus(spk: Path) -> list[int]:
    with opened_spk(spk) as file:
        return [chunk.mu for chunk in SpkReader(file).stored()]


def test_a_rate_is_kept_and_the_mu_of_each_chunk_is_in_the_file(
    cli: Run, mu_bundle: Bundle, long_piece: Path, tmp_path: Path
) -> None:
    spk, bundle = tmp_path / "x.spk", ("--bundle", mu_bundle.path)
    for kbps in (0.75, 0.8):
        report = json.loads(
            cli("encode", long_piece, spk, "--kbps", kbps, "-f", "--json", *bundle)[1]
        )
        assert report["stored_kbps"] <= kbps
        mus = chunk_mus(spk)
        assert (report["least_mu"], report["most_mu"]) == (min(mus), max(mus))
        assert len(set(mus)) > 1
    code, _, errors = cli("encode", long_piece, spk, "--kbps", "0.01", "-f", *bundle)
    assert code == 0
    assert "11 of 11 chunks" in errors
    assert chunk_mus(spk) == [31] * 11
    assert cli("decode", spk, tmp_path / "x.wav", *bundle)[0] == 0


def test_a_quality_that_is_easy_or_impossible(
    cli: Run, mu_bundle: Bundle, long_piece: Path, tmp_path: Path
) -> None:
    spk, bundle = tmp_path / "x.spk", ("--bundle", mu_bundle.path)
    assert cli("encode", long_piece, spk, "--min-si-snr=-999", *bundle)[2] == ""
    assert min(chunk_mus(spk)) > 0  # the largest mu at which there is any sound
    _, _, errors = cli("encode", long_piece, spk, "--min-si-snr", "99", "-f", *bundle)
    assert "11 of 11 chunks" in errors
    assert chunk_mus(spk) == [0] * 11


def test_one_mu_for_all(cli: Run, mu_bundle: Bundle, long_piece: Path, tmp_path: Path) -> None:
    spk, bundle = tmp_path / "x.spk", ("--bundle", mu_bundle.path)
    cli("encode", long_piece, spk, "--mu", "12", *bundle)
    assert set(chunk_mus(spk)) == {12} == set(read_spk(spk).mus)
    cli("encode", long_piece, spk, "-f", *bundle)
    assert set(chunk_mus(spk)) == {16}
    code, _, errors = cli("encode", long_piece, spk, "-f", "--mu", "12", "--kbps", "2", *bundle)
    assert code == 2
    assert "mu 12" in errors
    assert cli("encode", long_piece, spk, "-f", "--mu", "32", *bundle)[0] == 2


@pytest.mark.parametrize("wish", [("--mu", "12"), ("--min-si-snr", "9"), ("--kbps", "2")])
def test_a_bundle_of_one_rate_refuses_to_choose(
    cli: Run, toy_bundle: Bundle, long_piece: Path, wish: tuple[str, str]
) -> None:
    code, _, errors = cli("encode", long_piece, *wish, "--bundle", toy_bundle.path)
    assert code == 2
    assert "FREE" in errors
    assert errors.count("\n") == 1
    assert not long_piece.with_suffix(".spk").exists()
