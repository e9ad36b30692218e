from pathlib import Path

import numpy as np
import pytest

from runtime.bundle import open_bundle
from runtime.codec import Codec
from train.reference import load_reference


@pytest.mark.parametrize("name", ["small", "small-mu", "spectral", "spectral-mu"])
def test_torch_reads_a_shipped_encoder_and_has_its_events(name: str) -> None:
    bundle = open_bundle(Path(name))
    time = np.arange(22_050) / 22_050
    samples = (0.3 * np.sin(2 * np.pi * 220 * time) * np.exp(-2 * time)).astype(np.float32)
    events = Codec(bundle).encode(samples, 22_050).events.bits
    wrong = load_reference(bundle)(samples) != events
    assert events.any()
    assert wrong.mean() < 2e-3  # payloads may round differently where float sums do
