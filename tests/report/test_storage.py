from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from report.storage import header_of, rates, stored
from runtime.bundle import Bundle
from runtime.container import SpkHeader, sizes, write_spk
from runtime.events import EventMatrix


@given(st.integers(1, 100), st.integers(0, 2000), st.floats(0, 1), st.integers(0, 99))
def test_the_bound_and_the_formula_stay_below_the_dense_matrix(
    units: int, samples: int, density: float, seed: int
) -> None:
    header = SpkHeader(8000, samples, units, 4, 64, "FREE", "0" * 16)
    bits = np.random.default_rng(seed).random((units, header.frames)) < density
    found = rates(header, EventMatrix(bits))
    assert 0 <= found["bound_kbps"] <= found["dense_kbps"]
    # Each chunk may add 2 bits for the format and at most 14 for the count.
    most = found["dense_kbps"] + header.chunks * 16e-3 * 8000 / max(samples, 1)
    assert 0 <= found["paper_kbps"] <= most * (1 + 1e-9)


def test_info_accounts_for_every_byte(toy_bundle: Bundle, tmp_path: Path) -> None:
    header = header_of(toy_bundle.manifest, 512 * 20 + 7)
    events = EventMatrix(np.random.default_rng(0).random((5, 21)) < 0.4)
    path = tmp_path / "x.spk"
    write_spk(path, header, events)
    found = stored(header, events, sizes(path))
    assert found["bytes"] == path.stat().st_size
    assert (
        found["header_bits"] + found["framing_bits"] + found["payload_bits"] == 8 * found["bytes"]
    )
    assert found["stored_kbps"] == pytest.approx(found["bytes"] * 8e-3 * 22_050 / header.samples)
    assert found["events"] == events.count
