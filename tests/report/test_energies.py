import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neuromorphic.chips import chip_names
from report.energies import energies, energy_rows, joules, operations
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import ChipError

PREFIX = {"": 1.0, "m": 1e-3, "µ": 1e-6, "n": 1e-9}


@given(st.floats(1e-9, 900))
def test_joules_read_back_within_their_two_digits(value: float) -> None:
    match = re.fullmatch(r"([0-9.]+)\N{NARROW NO-BREAK SPACE}([mµn]?)J", joules(value))
    assert match
    assert math.isclose(float(match[1]) * PREFIX[match[2]], value, rel_tol=0.051)
    assert len(match[1]) <= 4


def test_every_chip_is_priced_or_refused_with_a_reason(spiking_bundle: Bundle) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    payload, events = Codec(spiking_bundle).analyse(sound)
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


def test_the_shares_of_all_parts_make_one(spiking_bundle: Bundle) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    payload, events = Codec(spiking_bundle).analyse(sound)
    found = operations(spiking_bundle, payload, events)
    assert sum(part["share"] for part in found["parts"]) == pytest.approx(1)
    assert found["bottleneck_share"] == pytest.approx(40 / (40 + 1000 + 2000 + 4 * 3000))
