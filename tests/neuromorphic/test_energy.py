import numpy as np
import pytest

from neuromorphic.chips.catalogue import chip_names
from neuromorphic.energy import energies, sent_deltas
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import ChipError
from spiking_music.report.energies import energy_rows


def test_every_chip_is_priced_or_refused_with_a_reason(spiking_bundle: Bundle) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    payload, piece = Codec(spiking_bundle).analyse(sound)
    events = piece.events
    found = energies(spiking_bundle, payload, events)
    assert tuple(found) == chip_names()
    for entry in found.values():
        if entry["refused"]:
            assert entry["low_j"] is entry["mid_j"] is entry["high_j"] is None
        else:
            assert 0 < entry["low_j"] <= entry["mid_j"] <= entry["high_j"]
            assert entry["operations_j"] <= entry["mid_j"]
            assert entry["evidence"]
    assert [row["chip"] for row in energy_rows(found)] == list(found)
    only = energies(spiking_bundle, payload, events, "loihi1")
    assert only == {"loihi1": found["loihi1"]}
    with pytest.raises(ChipError, match="loihi9"):
        energies(spiking_bundle, payload, events, "loihi9")


def test_deltas_of_threshold_0_change_the_bill_and_nothing_else(spiking_bundle: Bundle) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    payload, piece = Codec(spiking_bundle).analyse(sound)
    events = piece.events
    sent, arrived, found = sent_deltas(spiking_bundle, payload, 0)
    assert found == events
    assert (arrived == payload).all()
    plain, changed = (
        energies(spiking_bundle, payload, events, "loihi1", given)["loihi1"]
        for given in (None, sent)
    )
    assert changed["operations_j"] != plain["operations_j"]
    assert changed["baseline"]["baseline_j"] == plain["baseline"]["baseline_j"]
