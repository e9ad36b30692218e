"""An option that would do nothing is refused, and says for what."""

from collections.abc import Callable
from pathlib import Path

import nir
import numpy as np
import pytest
import soundfile

from runtime.bundle import SHIPPED, Bundle

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("short") / "short.wav"
    soundfile.write(path, np.random.default_rng(0).normal(0, 0.1, 5000), 22_050)
    return path


@pytest.fixture
def network(tmp_path: Path) -> Path:
    one = np.ones(2)
    path = tmp_path / "any.nir"
    lif = nir.LIF(tau=5e-3 * one, r=one, v_leak=0 * one, v_threshold=one)
    nir.write(path, nir.NIRGraph.from_list(nir.Affine(np.ones((2, 2)), 0 * one), lif))
    return path


def refused(outcome: tuple[int, str, str], *told: str) -> None:
    code, output, errors = outcome
    assert (code, output) == (2, "")
    assert errors.count("\n") == 1
    assert all(words in errors for words in told), errors


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("small", ("--steps", 3), "the fast decoder; choose --decoder diffusion"),
        ("small", ("--sampler", "dpm"), "the fast decoder"),
        ("small", ("--seed", 3), "the fast decoder"),
        ("small", ("--decoder", "listening"), "small has no decoder 'listening'; choose diff"),
        ("small-mu", ("--decoder", "diffusion"), "choose fast"),
        ("small-mu", ("--steps", 3), "the fast decoder; omit it"),
        ("small-mu", ("--step", 3), "has no step"),
        ("spectral-mu", ("--seed", 3), "the fast decoder"),
        ("spectral", ("--decoder", "fast", "--seed", 3), "choose --decoder diffusion"),
        ("lapped", ("--steps", 3), "the listening decoder"),
        ("lapped", ("--decoder", "waveform", "--seed", 3), "choose --decoder listening"),
        ("lapped", ("--decoder", "fast"), "lapped has no decoder 'fast'; choose listening or"),
        ("lapped", ("--decoder", "diffusion", "--steps", 3), "keeps no sampler and no steps"),
        ("lapped", ("--mu", 3), "--step"),
        ("lapped", ("--coder", "rice"), "a coder of its own"),
    ],
)
def test_what_a_bundle_would_not_keep_is_not_taken(
    cli: Run, short: Path, tmp_path: Path, name: str, options: tuple[object, ...], told: str
) -> None:
    refused(cli("encode", short, tmp_path / "x.spk", "--bundle", name, *options), told)
    assert not (tmp_path / "x.spk").exists()


@pytest.mark.parametrize(
    ("stored", "options", "told"),
    [
        ((), ("--decoder", "fast", "--steps", 3), "the fast decoder"),
        (("--decoder", "fast"), ("--seed", 3), "the fast decoder"),
        ((), ("--quality", "fast", "--steps", 3), "the fast decoder"),
        ((), ("--decoder", "waveform"), "has no decoder 'waveform'; choose"),
    ],
)
def test_the_decoder_that_the_file_or_the_bundle_chooses_counts(
    cli: Run,
    toy_bundle: Bundle,
    short: Path,
    tmp_path: Path,
    stored: tuple[object, ...],
    options: tuple[object, ...],
    told: str,
) -> None:
    spk, bundle = tmp_path / "x.spk", ("--bundle", toy_bundle.path)
    assert cli("encode", short, spk, *stored, *bundle)[0] == 0
    refused(cli("decode", spk, tmp_path / "x.wav", *options, *bundle), told)
    assert not (tmp_path / "x.wav").exists()


@pytest.mark.parametrize("verb", ["info", "verify"])
def test_a_bundle_that_is_not_needed_to_read_a_file(
    cli: Run, toy_bundle: Bundle, short: Path, tmp_path: Path, verb: str
) -> None:
    spk = tmp_path / "x.spk"
    assert cli("encode", short, spk, "--bundle", toy_bundle.path)[0] == 0
    refused(cli(verb, spk, "--bundle", toy_bundle.path), "--bundle does nothing")
    assert cli("encode", short, spk, "-f", "--bundle", "lapped")[0] == 0
    refused(cli(verb, spk, "--bundle", "small"), "no LAPPED bundle")
    assert cli(verb, spk, "--bundle", "lapped")[0] == 0


def test_steps_in_seconds_of_what_has_none(cli: Run, network: Path, tmp_path: Path) -> None:
    x, net = tmp_path / "x.npy", tmp_path / "any.net"
    np.save(x, np.ones((20, 2), np.float32))
    assert cli("quantise", network, net, "--input", x)[0] == 0
    refused(cli("nir", network, "--dt", 1e-3), "--dt", "not run")
    refused(cli("nir", network, "--dialect", "norse"), "--dialect", "not run")
    refused(cli("fit", net, "--chip", "loihi2", "--dt", 1e-3), "--dt", "integers")
    refused(cli("simulate", net, "--input", x, "--dt", 1e-3), "--dt", "integers")
    refused(cli("fit", SHIPPED / "small", "--chip", "loihi2", "--dt", 1e-3), "omit dt")
    refused(cli("energy", net, "--input", x, "--rate", 3), "exclude one another")


def test_steps_without_a_diffusion_decoder_cost_nothing(cli: Run, short: Path) -> None:
    refused(cli("energy", short, "--bundle", "small-mu", "--steps", 3), "--steps")


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "many"])
@pytest.mark.parametrize(
    "words",
    [
        ("encode", "x.wav", "--kbps"),
        ("encode", "x.wav", "--min-si-snr"),
        ("decode", "x.spk", "--from"),
        ("decode", "x.spk", "--to"),
        ("decode", "x.spk", "--max-seconds"),
        ("energy", "x.nir", "--rate"),
        ("nir", "x.nir", "--dt"),
        ("listen", "make", "x.html", "--opus"),
    ],
)
def test_numbers_are_numbers(cli: Run, words: tuple[str, ...], number: str) -> None:
    refused(cli(*words[:-1], f"{words[-1]}={number}"), words[-1], f"'{number}' is not a number")


def test_a_rate_is_above_nothing(cli: Run, short: Path, tmp_path: Path) -> None:
    words = ("encode", short, tmp_path / "x.spk", "--bundle", "small-mu")
    refused(cli(*words, "--kbps=0"), "above 0")
    refused(cli("listen", "make", tmp_path / "x.html", "--opus", "3"), "from 6 to 256")
