import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.control import measure, write
from runtime.bundle import Bundle
from runtime.codec import Codec
from train.data.clips import Clip


def test_each_clip_has_its_own_mu_and_a_miss_counts_at_mu_0(
    mu_bundle: Bundle, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codec = Codec(mu_bundle)
    samples = codec.manifest.chunk_frames * codec.manifest.hop
    noise = np.random.default_rng(0).normal(0, 0.1, samples).astype(np.float32)
    sets = {"noise": [Clip("one", noise)]}
    (never,) = measure(codec, sets, 99.0, lambda _: None)
    (always,) = measure(codec, sets, -200.0, lambda _: None)
    assert (never.mu, never.missed) == (0, True)
    assert always.mu > 0
    assert not always.missed
    assert never.formula > always.formula
    write([never, always], tmp_path / "rows.json")
    assert json.loads((tmp_path / "rows.json").read_text())[1]["mu"] == always.mu
    assert "missed" in capsys.readouterr().out
