"""The bill of the shipped LAPPED bundle on a second of sound, and its counts by NeuroBench."""

from pathlib import Path

import numpy as np
import pytest

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.codec_bill import system_report
from neuromorphic.costs.neurobench import neurobench
from neuromorphic.costs.operations.system import BOTTLENECK, lapped_system
from neuromorphic.opening import bundle_network
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.spk.container import packed

BUNDLE = open_bundle(Path("lapped"))
SOUND = (np.sin(np.arange(22050) / 20) / 4).astype(np.float32)


@pytest.fixture(scope="module")
def coded():
    return Codec(BUNDLE).analyse(SOUND)


def test_every_part_is_billed_and_the_units_by_the_chip(coded) -> None:
    payload, piece = coded
    system = lapped_system(BUNDLE, SOUND, payload, piece, len(packed(piece)))
    found = system_report(BUNDLE, system, load_chip("loihi2"))
    assert found["refused"] is None
    parts = {part["name"]: part for part in found["parts"]}
    assert list(parts)[:3] == ["framing", BOTTLENECK, "link"]
    assert sum(part["mid_j"] for part in parts.values()) == pytest.approx(found["total"]["mid_j"])
    shares = parts[BOTTLENECK]["share"] + parts["link"]["share"]
    assert found["spiking"]["joules_share"] == pytest.approx(shares)
    assert found["spiking"]["hearing"] == {}  # the inverse is an FFT


def test_it_takes_three_chips_at_384_000_bits_of_synapses_a_core(coded) -> None:
    opened, payload = bundle_network(BUNDLE), coded[0]
    found = opened.fit("loihi2", payload.T)
    assert (found["misfit"], found["chips"]) == (None, 3)
    assert found["sums_hold_for"] == "all inputs of 8 bits"
    assert "payload_bits 24 > 1" in opened.fit("loihi1", payload.T)["misfit"]


def test_neurobench_counts_the_units_and_the_transform_back(coded) -> None:
    theirs, piece = neurobench(BUNDLE, SOUND), coded[1]
    assert theirs["ActivationSparsity"] == 1 - piece.events.density
    operations = theirs["SynapticOperations"]
    given = int(np.count_nonzero(coded[0][:4096]))
    assert operations["Effective_MACs"] > 1400 * given
    assert operations["Dense"] > operations["Effective_MACs"]
