"""The certificate of the shipped LAPPED bundle, on a second of sound and the worst frames."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from export.lapped_certificate import certify_lapped
from export.lapped_probe import LappedProbe, lapped_probe
from runtime.bundle import Bundle, open_bundle
from runtime.errors import SpikingMusicError
from runtime.events import EventMatrix


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return open_bundle(Path("lapped"))


@pytest.fixture(scope="module")
def probe(bundle: Bundle) -> LappedProbe:
    time = np.arange(bundle.manifest.sample_rate) / bundle.manifest.sample_rate
    return lapped_probe(bundle, [np.sin(2000 * time).astype(np.float32) / 3])


def test_runtime_torch_and_onnx_agree_and_the_bounds_hold(bundle, probe) -> None:
    found = certify_lapped(bundle, probe, ("torch", "onnx"))
    assert [(row.name, row.wrong) for row in found.rows] == [
        ("runtime", 0),
        ("torch", 0),
        ("onnx", 0),
    ]
    assert found.holds
    assert found.as_json()["proof"]["largest_bin_sum"] == 6_585_458
    assert found.probe["frames"] == probe.real + 13
    loihi2 = next(a for a in found.accumulators if a.chip == "loihi2")
    assert loihi2.holds_for == "all inputs"


def test_a_single_event_too_many_is_found(bundle, probe) -> None:
    bits = probe.known.bits.copy()
    bits[77, 3] ^= True
    other = replace(probe, known=EventMatrix.from_bits(bits))
    found = certify_lapped(bundle, other, ())
    assert [row.wrong for row in found.rows] == [1]
    assert not found.holds


def test_no_sound_is_refused(bundle) -> None:
    with pytest.raises(SpikingMusicError, match="no recordings"):
        lapped_probe(bundle, [])
