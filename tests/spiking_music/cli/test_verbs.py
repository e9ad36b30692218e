import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from neuromorphic.simulate import BACKENDS
from runtime.bundle import Bundle
from runtime.spk.container import read_spk

Run = Callable[..., tuple[int, str, str]]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("length", [1, 511, 512, 513, 9_999])
def test_every_length_comes_back(cli: Run, toy_bundle: Bundle, tmp_path: Path, length: int) -> None:
    audio, spk, out = (tmp_path / name for name in ("in.wav", "in.spk", "out.wav"))
    soundfile.write(audio, RNG.normal(0, 0.1, length), 22_050)
    assert cli("encode", audio, "--bundle", toy_bundle.path)[0] == 0
    assert read_spk(spk).samples == length
    for decoder in ("fast", "diffusion"):
        words = ("decode", spk, out, "--decoder", decoder, "--bundle", toy_bundle.path, "-f")
        assert cli(*words)[0] == 0
        assert soundfile.info(out).frames == length
        assert soundfile.info(out).samplerate == 22_050


def test_every_report_is_json_on_request(
    cli: Run, spiking_bundle: Bundle, piece: Path, tmp_path: Path
) -> None:
    spk = tmp_path / "x.spk"
    bundle = ("--bundle", spiking_bundle.path, "--json")
    reports = {
        verb: json.loads(output)
        for verb, (code, output, _) in {
            "encode": cli("encode", piece, spk, *bundle),
            "info": cli("info", spk, "--json"),
            "decode": cli("decode", spk, tmp_path / "x.wav", *bundle),
            "simulate": cli("simulate", piece, *bundle),
            "energy": cli("energy", piece, "--chip", "loihi1", *bundle),
            "chips": cli("chips", "--json"),
            "chip": cli("chips", "loihi1", "--json"),
        }.items()
        if code == 0
    }
    assert reports["encode"]["bytes"] == reports["info"]["bytes"] == spk.stat().st_size
    assert reports["decode"]["samples"] == reports["info"]["samples"] == 15_000
    assert reports["simulate"] == {"compared": 5 * 30} | dict.fromkeys(BACKENDS, 0)
    assert list(reports["energy"]["chips"]) == ["loihi1"]
    assert reports["energy"]["system"]["coverage"]["unknown"] == 0
    assert "loihi1" in [row["name"] for row in reports["chips"]]
    assert {"figure", "value", "unit", "evidence", "source"} <= set(reports["chip"][0])


def test_tables_name_what_they_show(cli: Run, spiking_bundle: Bundle, piece: Path) -> None:
    assert "loihi2" in cli("chips")[1]
    assert "unpublished" in cli("chips", "loihi2")[1]
    bundle = ("--bundle", spiking_bundle.path)
    words = cli("energy", piece, "--chip", "loihi1", "--layers", *bundle)[1]
    assert "0 unknown" in words
    for word in ("encoder", "link", "diffusion decoder, 4 steps", "synaptic event", "functions"):
        assert word in words
    assert "refused" in cli("energy", piece, "--delta", "0", *bundle)[1]
    theirs = cli("energy", piece, "--shape", "neurobench", *bundle)[1]
    assert json.loads(theirs)["Footprint"] > 0


def bad_inputs(folder: Path) -> dict[str, tuple[object, ...]]:
    """Command lines that must each end in one line; `good.wav`, `text.wav` and so on are there."""
    good, spk = folder / "good.wav", folder / "good.spk"
    bundle = ("--bundle", folder / "bundle")
    return {
        "missing recording": ("encode", folder / "none.wav", *bundle),
        "folder": ("encode", folder, folder / "x.spk", *bundle),
        "empty recording": ("encode", folder / "empty.wav", *bundle),
        "no audio": ("encode", folder / "text.wav", *bundle),
        "not a number": ("encode", folder / "nan.wav", *bundle),
        "truncated": ("encode", folder / "short.wav", *bundle),
        "missing bundle": ("encode", good, folder / "x.spk", "--bundle", folder / "none"),
        "existing output": ("encode", good, spk, *bundle),
        "no such folder": ("encode", good, folder / "none" / "x.spk", *bundle),
        "no spk": ("decode", good, folder / "x.wav", *bundle),
        "missing spk": ("info", folder / "none.spk"),
        "unknown chip": ("chips", "loihi9"),
        "energy on an unknown chip": ("energy", good, "--chip", "loihi9", *bundle),
        "no such threshold": ("energy", good, "--delta", "-1", *bundle),
        "mu of a bundle without": ("energy", good, "--mu", "3", *bundle),
        "unknown decoder": ("decode", spk, folder / "x.wav", "--decoder", "loud", *bundle),
        "steps of the fast decoder": (
            *("decode", spk, folder / "x.wav", "--decoder", "fast", "--steps", "3", *bundle),
        ),
        "jobs of one recording": ("encode", good, folder / "y.spk", "--jobs", "2", *bundle),
        "step of a recording": ("energy", good, "--dt", "0.5", *bundle),
        "bundle of a network": ("simulate", "x.nir", "--input", "x.npy", *bundle),
        "layers of a network": ("energy", "x.nir", "--rate", "3", "--layers"),
        "mu of a network": ("energy", "x.nir", "--rate", "3", "--mu", "3"),
        "no steps": ("decode", spk, folder / "x.wav", "--steps", "0", *bundle),
        "other format": ("decode", spk, folder / "x.mp3", *bundle),
        "unknown back end": ("simulate", good, "--backend", "abacus", *bundle),
        "no bottleneck": ("simulate", good, "--backend", "integer", *bundle),
        "unknown verb": ("play", good),
        "unknown option": ("info", spk, "--loud"),
        "missing argument": ("encode",),
        "json and pipe": ("encode", good, "-", "--json", *bundle),
        "untrained run": ("export", folder / "none", folder / "x"),
        "unknown preset": ("train", "huge", folder / "x"),
        "nothing to measure": ("evaluate", *bundle),
        "unnamed set": ("evaluate", folder / "bundle", "--data", folder),
        "no recordings": ("evaluate", folder / "bundle", "--data", f"x={folder / 'bundle'}"),
        "no such set": ("evaluate", folder / "bundle", "--data", f"x={folder / 'none'}"),
        "no MAESTRO": ("evaluate", folder / "bundle", "--data", f"x=maestro:{folder}"),
    }


def test_an_evaluation_leaves_its_tables_and_prints_one(
    cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "visqol", None)  # it takes seconds
    (tmp_path / "broken.wav").write_text("no sound here")
    out = tmp_path / "out"
    words = ("evaluate", toy_bundle.path, "--data", f"mine={tmp_path}", "--out", out)
    code, output, _ = cli(*words, "--no-baselines")
    assert code == 0
    assert output == (out / "evaluation.md").read_text() + "\n"
    for word in ("mine: 1 clip", "toy fast", "toy diffusion", "broken.wav", "visqol"):
        assert word in output
    code, _, errors = cli(*words)
    assert code == 2
    assert "exists already" in errors
    code, output, _ = cli(*words, "--clips", "1", "--json", "-f")
    assert code == 0
    assert json.loads(output) == json.loads((out / "evaluation.json").read_text())
    assert "FLAC" in json.loads(output)["sets"]["mine"]


@pytest.fixture
def bad(tmp_path: Path, copy_of_toy: Callable[[], Path], cli: Run) -> dict[str, tuple[object, ...]]:
    copy_of_toy()
    soundfile.write(tmp_path / "good.wav", RNG.normal(0, 0.1, 5000), 22_050)
    assert cli("encode", tmp_path / "good.wav", "--bundle", tmp_path / "bundle")[0] == 0
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no sound here")
    (tmp_path / "short.wav").write_bytes((tmp_path / "good.wav").read_bytes()[:5000])
    soundfile.write(tmp_path / "nan.wav", np.full(5000, np.nan), 22_050, "FLOAT")
    return bad_inputs(tmp_path)


@pytest.mark.parametrize("case", list(bad_inputs(Path())))
def test_bad_input_ends_in_one_line_and_writes_nothing(
    cli: Run, bad: dict[str, tuple[object, ...]], tmp_path: Path, case: str
) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    code, output, errors = cli(*bad[case])
    assert (code, output) == (2, "")
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_damaged_bundle_is_refused(
    cli: Run, copy_of_toy: Callable[[], Path], piece: Path
) -> None:
    bundle = copy_of_toy()
    with (bundle / "encoder.onnx").open("ab") as file:
        file.write(b"!")
    code, _, errors = cli("encode", piece, "--bundle", bundle)
    assert code == 2
    assert "encoder.onnx" in errors


def test_another_model_is_refused(
    cli: Run, toy_bundle: Bundle, noiseless_bundle: Bundle, piece: Path
) -> None:
    spk = piece.with_suffix(".spk")
    cli("encode", piece, "--bundle", toy_bundle.path)
    code, _, errors = cli("decode", spk, "--bundle", noiseless_bundle.path)
    assert code == 2
    assert toy_bundle.manifest.model_hash in errors
    assert noiseless_bundle.manifest.model_hash in errors
    assert not piece.with_suffix(".wav").exists()


def test_an_interrupt_ends_with_130(
    cli: Run, toy_bundle: Bundle, piece: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("runtime.codec.Codec.encode_stream", interrupt)
    code, _, errors = cli("encode", piece, "--bundle", toy_bundle.path)
    assert code == 130
    assert "Traceback" not in errors
    assert not piece.with_suffix(".spk").exists()


@pytest.mark.parametrize(("package", "extra"), [("nir", "neuromorphic"), ("torch", "train")])
def test_a_missing_package_is_named_with_its_extra(
    cli: Run,
    spiking_bundle: Bundle,
    piece: Path,
    monkeypatch: pytest.MonkeyPatch,
    package: str,
    extra: str,
) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    monkeypatch.setattr("neuromorphic.simulate.spikes", missing)
    code, _, errors = cli("simulate", piece, "--bundle", spiking_bundle.path)
    assert code == 2
    assert f"{package} is not installed" in errors
    assert f'"{extra}" lacks: pip install ' in errors


def test_a_library_that_does_not_load_is_one_line(
    cli: Run, piece: Path, toy_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def starved(*_: object) -> None:
        raise ImportError("Exception caught: std::bad_alloc")  # ONNX Runtime, under `ulimit -v`

    monkeypatch.setattr("runtime.bundle.open_graph", starved)
    code, _, errors = cli("encode", piece, "--bundle", toy_bundle.path)
    assert code == 2
    assert len(errors.splitlines()) == 1
    assert "memory" in errors


def _piped(words: list[object], data: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "spiking_music", *map(str, words)]
    return subprocess.run(command, input=data, capture_output=True, check=False)


def test_pipes_carry_the_same_bytes_as_files(
    cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path
) -> None:
    bundle = ["--bundle", toy_bundle.path]
    cli("encode", piece, *bundle)
    cli("decode", piece.with_suffix(".spk"), *bundle)
    encoded = _piped(["encode", "-", *bundle], piece.read_bytes())
    assert encoded.stdout == piece.with_suffix(".spk").read_bytes()
    decoded = _piped(["decode", "-", *bundle], encoded.stdout)
    assert decoded.stdout == piece.with_suffix(".decoded.wav").read_bytes()
    assert encoded.stderr == decoded.stderr == b""


def test_help_loads_nothing_that_it_does_not_need() -> None:
    code = "import spiking_music.cli.main, sys; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    heavy = {"numpy", "onnxruntime", "torch", "matplotlib", "soundfile", "nir", "lava", "jinja2"}
    assert not heavy & set(found.stdout.split())


def test_coding_never_loads_torch(toy_bundle: Bundle, piece: Path) -> None:
    code = f"""
import sys
from spiking_music.cli.main import main
sys.argv = ["spiking-music", "encode", {str(piece)!r}, "--bundle", {str(toy_bundle.path)!r}]
try:
    main()
except SystemExit as stop:
    assert not stop.code, stop.code
heavy = {{"torch", "matplotlib", "nir", "h5py", "jinja2", "train", "neuromorphic.graphs.graph"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_verify_names_the_damaged_chunk(
    cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path
) -> None:
    spk = tmp_path / "x.spk"
    cli("encode", piece, spk, "--coder", "paper", "--bundle", toy_bundle.path)
    assert cli("verify", spk)[0] == 0
    assert json.loads(cli("verify", spk, "--json")[1])["losses"] == []
    data = bytearray(spk.read_bytes())
    data[51 + 20] ^= 1  # behind the header and in the payload of chunk 0
    spk.write_bytes(data)
    code, output, errors = cli("verify", spk)
    assert (code, errors) == (1, "")
    assert "chunk 0: its checksum does not match" in output
    code, output, _ = cli("verify", spk, "--json")
    report = json.loads(output)
    assert code == 1
    assert not report["whole"]
    assert [(loss["first"], loss["last"]) for loss in report["losses"]] == [(0, 0)]


@pytest.mark.parametrize("coder", ["paper", "rice", "adaptive"])
def test_every_coder_stores_the_same_events(
    cli: Run, toy_bundle: Bundle, piece: Path, tmp_path: Path, coder: str
) -> None:
    spk, usual = tmp_path / "x.spk", tmp_path / "usual.spk"
    cli("encode", piece, spk, "--coder", coder, "--bundle", toy_bundle.path)
    cli("encode", piece, usual, "--bundle", toy_bundle.path)
    assert read_spk(spk).events == read_spk(usual).events
    assert json.loads(cli("info", spk, "--json")[1])["coder"] == coder
