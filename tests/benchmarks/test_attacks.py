from pathlib import Path

import numpy as np
import pytest

from benchmarks.attacks import attacks_of, gains, show
from train.data.clips import SAMPLE_RATE, Clip
from train.data.notes import Notes


@pytest.fixture(scope="module")
def clip() -> Clip:
    """A note at 0.5 s after some faint noise."""
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    note = np.where(time >= 0.5, 0.3 * np.sin(2 * np.pi * 440 * time), 0)
    noise = 1e-3 * np.random.default_rng(0).standard_normal(len(time))
    notes = Notes(np.array([0.5]), np.array([69]))
    return Clip("note", (note + noise).astype(np.float32), notes=notes)


def test_an_echo_before_an_attack_is_measured(clip: Clip, tmp_path: Path) -> None:
    (clean,) = attacks_of(clip, clip.samples)
    assert clean.excess == 0
    assert clean.rise > 40
    early = clip.samples + np.roll(clip.samples, -1000)
    (smeared,) = attacks_of(clip, early)
    assert smeared.excess > 30
    show([clean, smeared], [gains(clip.samples, early)], tmp_path / "attacks.png")
    assert (tmp_path / "attacks.png").stat().st_size > 1000


def test_gains_mend_what_is_too_early_and_leave_the_rest(clip: Clip) -> None:
    early = clip.samples + np.roll(clip.samples, -1000)
    mended = gains(clip.samples, early)
    assert mended.after > mended.before
    same = gains(clip.samples, clip.samples)
    assert same.kbps == 0
