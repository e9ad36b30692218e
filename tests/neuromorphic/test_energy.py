import numpy as np
import pytest

from neuromorphic.chips.catalogue import chip_names
from neuromorphic.costs.crossover import BASELINES
from neuromorphic.energy import energies, random_spikes, sent_deltas
from neuromorphic.opening import bundle_network
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import ChipError
from spiking_music.report.energies import energy_rows


def test_every_chip_is_priced_or_refused_with_a_reason(spiking_bundle: Bundle) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    payload, _ = Codec(spiking_bundle).analyse(sound)
    network = bundle_network(spiking_bundle)
    found = energies(network, payload.T)["chips"]
    assert tuple(found) == chip_names()
    for entry in found.values():
        if entry["refused"]:
            assert entry["low_j"] is entry["mid_j"] is entry["high_j"] is None
        else:
            assert 0 < entry["low_j"] <= entry["mid_j"] <= entry["high_j"]
            assert entry["operations_j"] <= entry["mid_j"]
            assert entry["evidence"]
            real = entry["table"][0]
            assert real["static_j"] + real["dynamic_j"] == pytest.approx(real["total_j"])
            assert (
                real["total_j"]
                == entry["mid_j"]
                == pytest.approx(real["power_w"] * real["seconds"])
            )
    assert list(dict.fromkeys(row["chip"] for row in energy_rows(found))) == list(found)
    for entry in found.values():
        assert set(entry["baselines"]) in (set(), set(BASELINES))
    only = energies(network, payload.T, "loihi1")["chips"]
    assert only == {"loihi1": found["loihi1"]}
    with pytest.raises(ChipError, match="loihi9"):
        energies(network, payload.T, "loihi9")


def test_deltas_of_threshold_0_change_the_bill_and_nothing_else(spiking_bundle: Bundle) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    payload, piece = Codec(spiking_bundle).analyse(sound)
    network = bundle_network(spiking_bundle)
    sent, arrived, found = sent_deltas(network, payload, 0)
    assert found == piece.events
    assert (arrived == payload).all()
    plain, changed = (
        energies(network, payload.T, "loihi1", given)["chips"]["loihi1"] for given in (None, sent)
    )
    assert changed["operations_j"] != plain["operations_j"]
    assert changed["baselines"]["gap9"]["baseline_j"] == plain["baselines"]["gap9"]["baseline_j"]


@pytest.mark.parametrize("dt", [1e-3, 1.0, 30.0])
def test_random_spikes_are_as_frequent_as_said_at_any_step(dt: float) -> None:
    found = random_spikes((40, 30), 0.1 / dt, dt)
    assert found.mean() == pytest.approx(0.1, abs=0.01)
    assert len(found) >= 100
