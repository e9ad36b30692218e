import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from runtime.audio.recordings import read_audio
from runtime.bundle import Bundle

Run = Callable[..., tuple[int, str, str]]
SAME = {  # of the toy, whose default is four steps of DDIM, and which was not measured
    "fast": ("--decoder", "fast"),
    "good": ("--decoder", "diffusion", "--sampler", "ddim", "--steps", 4),
    "best": ("--decoder", "diffusion", "--sampler", "ddim", "--steps", 4),
}


@pytest.fixture
def decoded(cli: Run, toy_bundle: Bundle, piece: Path) -> Callable[..., np.ndarray]:
    """What `decode` gives with some options, and says of its provider."""
    spk, out = piece.with_suffix(".spk"), piece.with_suffix(".wav")
    assert cli("encode", piece, spk, "--bundle", toy_bundle.path)[0] == 0

    def run(*options: object) -> np.ndarray:
        words = ("--bundle", toy_bundle.path, "-f", "--json")
        code, told, error = cli("decode", spk, out, *options, *words)
        assert (code, error) == (0, "")
        assert json.loads(told)["provider"] == "cpu"
        return read_audio(out, 22_050).samples

    return run


@pytest.mark.parametrize("quality", SAME)
def test_a_quality_is_a_way_and_other_options_change_it(
    decoded: Callable[..., np.ndarray], quality: str
) -> None:
    found = decoded("--quality", quality)
    np.testing.assert_array_equal(found, decoded(*SAME[quality]))
    changed = ("--decoder", "diffusion", "--steps", 7, "--sampler", "dpm")
    np.testing.assert_array_equal(decoded("--quality", quality, *changed), decoded(*changed))


def test_the_provider_may_be_asked_for(decoded: Callable[..., np.ndarray]) -> None:
    np.testing.assert_array_equal(decoded("--provider", "cpu"), decoded())


def test_a_provider_that_is_not_there_is_one_line(
    cli: Run, toy_bundle: Bundle, piece: Path
) -> None:
    assert cli("encode", piece, "--bundle", toy_bundle.path)[0] == 0
    spk, words = piece.with_suffix(".spk"), ("--provider", "openvino")
    code, _, error = cli("decode", spk, *words, "--bundle", toy_bundle.path)
    assert code == 2
    assert error.startswith("error: provider openvino")
    assert error.count("\n") == 1
    assert not piece.with_suffix(".wav").exists()
