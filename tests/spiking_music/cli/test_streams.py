"""What the terminal gets: what shows itself, in any encoding, and one line for what is closed."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from runtime.bundle import Bundle
from runtime.spk.container import read_spk
from spiking_music.cli.streams import Terminal, shown

Run = Callable[..., tuple[int, str, str]]
EVIL = "\x1b]0;owned\x07\x1b[2J\r\u202egnp.exe\x85\u2028end"
CONTROLS = {*map(chr, range(32)), *map(chr, range(127, 160)), *"\u202e\u2028\u2066"} - {"\n", "\t"}


@given(st.text())
def test_what_is_shown_acts_on_no_terminal(text: str) -> None:
    assert not CONTROLS & set(shown(text))


@given(st.text(st.characters()), st.sampled_from(["utf-8", "latin-1", "ascii"]))
def test_any_text_is_written_in_any_encoding(text: str, encoding: str) -> None:
    sink = io.BytesIO()
    stream = Terminal(io.TextIOWrapper(sink, encoding=encoding, newline=""))
    stream.write(text)
    stream.flush()
    assert sink.getvalue().decode(encoding).count("\n") == text.count("\n")


def test_units_are_readable_in_latin_letters() -> None:
    sink = io.BytesIO()
    stream = Terminal(io.TextIOWrapper(sink, encoding="ascii"))
    stream.write("832\u202f\xb5J \xd7 3")
    stream.flush()
    assert sink.getvalue() == b"832 uJ x 3"


@pytest.mark.parametrize("verb", ["info", "verify", "decode"])
def test_texts_of_files_show_themselves(
    cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path, verb: str
) -> None:
    spk, bundle = tmp_path / "\x1b[31mx.spk", ("--bundle", toy_bundle.path)
    assert cli("encode", piece, spk, "--title", EVIL, *bundle)[0] == 0
    more = (tmp_path / "\x1b[31mx.wav", *bundle) if verb == "decode" else ()
    code, output, errors = cli(verb, spk, *more)
    assert code == 0
    assert "\\u001b[31mx" in output
    assert not CONTROLS & set(output + errors)
    _, output, _ = cli("info", spk, "--json")
    assert not CONTROLS & set(output)
    assert json.loads(output)["title"] == EVIL


def run(*words: object, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "spiking_music"]
    command += [os.fsencode(word) if isinstance(word, str) else str(word) for word in words]
    return subprocess.run(command, capture_output=True, env=os.environ | (env or {}), check=False)


@pytest.mark.parametrize(
    "env",
    [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["utf-8", "ASCII"],
)
def test_names_need_not_be_utf_8(toy_bundle: Bundle, tmp_path: Path, env: dict[str, str]) -> None:
    folder = os.fsencode(tmp_path) + b"/\xff folder"
    os.mkdir(folder)
    sound = folder + b"/p\xe9rgol\xe8se \xff.wav"
    soundfile.write(tmp_path / "x.wav", np.random.default_rng(0).normal(0, 0.1, 5000), 22_050)
    os.rename(tmp_path / "x.wav", sound)
    spk, out = folder + b"/\xfe.spk", folder + b"/out"
    bundle = ("--bundle", toy_bundle.path)
    title = os.fsdecode(b"t\xeftle \xc3\xa9")
    for words in (
        ("encode", os.fsdecode(sound), os.fsdecode(spk), "--title", title, *bundle),
        ("decode", os.fsdecode(spk), *bundle),
        ("info", os.fsdecode(spk)),
        ("verify", os.fsdecode(spk), "--json"),
        ("encode", os.fsdecode(folder), os.fsdecode(out), "--jobs", 1, "--json", *bundle),
        ("encode", os.fsdecode(folder), os.fsdecode(out), "--jobs", 1, "--json", *bundle),
    ):
        done = run(*words, env=env)
        assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kept"] == 2  # with what was decoded
    assert os.path.isfile(folder + b"/\xfe.decoded.wav")
    os.rename(spk, tmp_path / "plain.spk")
    assert read_spk(tmp_path / "plain.spk").texts["title"] == "t\ufffdtle é"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_what_is_closed_ends_in_one_line_or_nothing(
    toy_bundle: Bundle, piece: Path, tmp_path: Path, closed: str
) -> None:
    out = tmp_path / "x.spk"
    source = "-" if closed == "<&-" else str(piece)
    line = f'"$0" -m spiking_music encode "$1" "$2" --bundle "$3" {closed}'
    words = ["sh", "-c", line, sys.executable, source, str(out), str(toy_bundle.path)]
    done = subprocess.run(words, capture_output=True, check=False)
    if closed == "2>&-":
        assert done.returncode == 0
        assert read_spk(out)
    else:
        assert done.returncode == 2
        assert done.stderr.count(b"\n") == 1
        assert b"is closed" in done.stderr
        assert not out.exists()
