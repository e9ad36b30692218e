from dataclasses import replace

import numpy as np
import pytest

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.counts import count_runs, run_layers, total
from neuromorphic.costs.ledger import Bill, Term, bill
from neuromorphic.costs.sharing import Sharing, sharing
from neuromorphic.costs.timing import timing
from neuromorphic.costs.work import work_of
from neuromorphic.integers.layer import IntegerLayer
from neuromorphic.placement import place

FRAMES, SECONDS = 430, 10.0


@pytest.fixture(scope="module")
def shared() -> Sharing:
    """A layer of the codec's size on Loihi 2."""
    rng = np.random.default_rng(0)
    network = IntegerLayer(rng.integers(-127, 128, (80, 128)), np.zeros(80), 6).network()
    runs = run_layers(network, rng.integers(-127, 128, (128, FRAMES)).astype(np.int8))
    chip, layers = load_chip("loihi2"), count_runs(runs)
    placed = place(network, chip)
    work = work_of(runs, placed, graded=True)
    own = bill(chip, layers, SECONDS, work=work)
    rivals = {name: bill(load_chip(name), layers, SECONDS) for name in ("gap9", "int8-45nm")}
    took = timing(chip, total(layers.values()), work)
    fed = sharing(chip, placed, took, True, SECONDS, own, rivals)
    assert fed.at_once == int(SECONDS / took.host[1]) < 120  # the host feeds no more
    free = replace(took, host=None)
    alone = sharing(chip, placed, free, False, SECONDS, own, rivals)
    assert alone.at_once == 120  # as many copies as there are cores: each stream has its state
    return sharing(chip, placed, free, True, SECONDS, own, rivals)


def test_streams_take_turns_where_there_is_no_memory(shared: Sharing) -> None:
    # 430 steps of 1.78 us, and in each about 10 200 events of 1.01 ns and 80 updates of 4.
    assert shared.at_once == pytest.approx(120 * SECONDS / (FRAMES * 12.4e-6), rel=0.05)


def test_static_power_is_shared_until_it_pays(shared: Sharing) -> None:
    # 208 mW, beside 8.7 mW and the difference of 43 x 10 240 products and events.
    assert shared.even["gap9"] in (24, 25)
    assert shared.even["int8-45nm"] is None  # whose operations alone are cheaper


def test_a_bill_without_a_total_has_no_break_even() -> None:
    chip = load_chip("loihi2")
    term = Term("a", "x", 1, "dynamic", None, None, None, "unpublished", "none")
    refused = Bill("loihi2", "real time", 1.0, (term,), "unpriced: x", "")
    assert sharing(chip, None, None, True, 1.0, refused, {}) == Sharing(None, {})
