from pathlib import Path

import numpy as np
import pytest

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.operations.lapped import (
    CORRECTING,
    FRAMING,
    LISTENING,
    WAVEFORM,
    count_lapped,
)
from neuromorphic.costs.operations.operators import UNKNOWN
from neuromorphic.costs.operations.prices import operators_bill
from runtime.bundle import open_bundle


def test_the_parts_of_a_lapped_codec_are_those_that_run() -> None:
    bundle = open_bundle(Path("lapped"))
    hop = bundle.manifest.hop
    time = np.arange(3 * hop) / bundle.manifest.sample_rate
    sound = (0.2 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    piece, parts = count_lapped(bundle, sound)
    assert piece.samples == len(sound)
    (framing,) = parts[FRAMING]
    assert framing.arithmetic == 4 * 4 * 2 * hop  # four frames
    assert not [op for ops in parts.values() for op in ops if op.verdict == UNKNOWN]
    # A window of 64 hops and the closing frame: 5 n log2 n operations a frame for n = hop / 2, and
    # 18 n to turn, to window and to add.
    (transform,) = (op for op in parts[WAVEFORM] if op.layer == "inverse transform")
    assert transform.arithmetic == 65 * (5 * 10 + 18) * hop // 2
    kinds = {name: {op.layer for op in ops} for name, ops in parts.items()}
    assert kinds[WAVEFORM] < kinds[LISTENING]
    assert {"inverse transform", "noise"} < kinds[CORRECTING] < kinds[LISTENING]
    bills = {name: operators_bill(load_chip("int8-45nm"), ops).mid_j for name, ops in parts.items()}
    assert 0 < bills[WAVEFORM] < bills[LISTENING]
    assert bills[FRAMING] == pytest.approx(4 * 4 * 2 * hop * 2.3e-12 + 4 * 2 * hop * 5 * 12.5e-12)
