import numpy as np
import pytest

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.codec_bill import system_report
from neuromorphic.costs.neurobench import neurobench, parameters
from neuromorphic.costs.operations.system import System, count_system
from runtime.bundle import Bundle
from runtime.codec import Codec
from spiking_music.report.drawings import NARROW, WIDE, svg
from spiking_music.report.sankey import sankey
from spiking_music.report.system_rows import system_notes, system_rows

SOUND = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)


@pytest.fixture(scope="module")
def system(spiking_bundle: Bundle) -> System:
    payload, piece = Codec(spiking_bundle).analyse(SOUND)
    events = piece.events
    return count_system(spiking_bundle, payload, events, 500)


def test_the_parts_make_the_whole(spiking_bundle: Bundle, system: System) -> None:
    found = system_report(spiking_bundle, system, load_chip("loihi1"))
    assert [part["name"] for part in found["parts"]] == [
        "encoder",
        "bottleneck",
        "link",
        "waveform decoder",
        "diffusion decoder",
    ]
    for end in ("low_j", "mid_j", "high_j"):
        assert sum(part[end] for part in found["parts"]) == pytest.approx(found["total"][end])
    for part in found["parts"]:
        assert sum(part["spent"].values()) == pytest.approx(part["mid_j"])
    layers = sum(layer["mid_j"] for layer in found["layers"])
    others = sum(p["mid_j"] for p in found["parts"] if p["name"] in ("bottleneck", "link"))
    assert layers + others == pytest.approx(found["total"]["mid_j"])
    waveform, diffusion = found["decoders"].values()
    assert diffusion == pytest.approx(found["total"])
    last = next(part for part in found["parts"] if part["name"] == "diffusion decoder")
    assert waveform["mid_j"] == pytest.approx(found["total"]["mid_j"] - last["mid_j"])
    assert 0 < found["spiking"]["joules_share"] < 1
    model = spiking_bundle.manifest
    latency = (model.chunk_frames + model.context_frames) * model.hop / model.sample_rate
    for part in found["parts"]:
        operations = part["power_proxy"] * system.seconds
        assert operations == pytest.approx(part["macs"] + 10 * part["neuron_updates"])
        assert part["pdp_proxy"] == pytest.approx(part["power_proxy"] * latency)
    assert len(system_rows(found)) == 6
    assert "0 unknown" in system_notes(found)[0]


def test_a_chip_without_prices_refuses_the_whole(spiking_bundle: Bundle, system: System) -> None:
    found = system_report(spiking_bundle, system, load_chip("akida"))
    assert found["total"] == {"low_j": None, "mid_j": None, "high_j": None}
    assert "unpriced" in found["refused"]
    assert "no total" in system_notes(found)[-1]
    assert "refused" in svg(sankey(found), "refused")


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_the_flows_name_every_part(spiking_bundle: Bundle, system: System, width: float) -> None:
    drawn = svg(sankey(system_report(spiking_bundle, system, load_chip("loihi1")), width), "x")
    for name in ("all of it", "encoder", "bottleneck", "link", "moving data", "spikes on the chip"):
        assert f">{name}<" in drawn


def test_neurobench_holds_what_was_computed(spiking_bundle: Bundle) -> None:
    theirs = neurobench(spiking_bundle, SOUND, steps=2)
    operations = theirs["SynapticOperations"]
    # The events alone are binary, and the waveform decoder hears them; all else is graded.
    assert operations["Effective_ACs"] > 0
    assert operations["Effective_MACs"] + operations["Effective_ACs"] <= operations["Dense"]
    assert theirs["Footprint"] == 4 * parameters(spiking_bundle)
    events = Codec(spiking_bundle).encode(SOUND, 22050).events
    assert theirs["ActivationSparsity"] == 1 - events.density
