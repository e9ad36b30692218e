from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import helper

from neuromorphic.chips.catalogue import load_chip
from neuromorphic.costs.ledger import summed
from neuromorphic.costs.operations.activity import activity, heard
from neuromorphic.costs.operations.operators import operators_of
from neuromorphic.costs.operations.prices import link_bill, operators_bill
from neuromorphic.costs.operations.shapes import shaped
from neuromorphic.costs.operations.system import (
    BOTTLENECK,
    DIFFUSION,
    ENCODER,
    WAVEFORM,
    System,
    count_system,
)
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.errors import ChipError

Write = Callable[..., Path]


@pytest.fixture(scope="module")
def system(spiking_bundle: Bundle) -> System:
    """The toy on 40 frames: three chunks, and four windows of the diffusion decoder."""
    sound = np.random.default_rng(0).normal(0, 0.1, 40 * 512).astype(np.float32)
    payload, piece = Codec(spiking_bundle).analyse(sound)
    events = piece.events
    return count_system(spiking_bundle, payload, events, 1000, steps=3)


def macs(system: System, part: str) -> int:
    return sum(op.macs for op in system.networks[part])


def test_every_part_is_counted_by_hand(system: System) -> None:
    # A window is a chunk of 16 frames with 4 more on each side; the filter of three hops loses one
    # hop of padding at either end.
    assert macs(system, ENCODER) == 3 * 8 * 512 * (3 * 24 - 2)
    assert macs(system, BOTTLENECK) == 3 * 5 * 8 * 24
    assert macs(system, WAVEFORM) == 4 * 5 * 512 * (3 * 24 - 2)
    assert macs(system, DIFFUSION) == 0  # the toy's denoiser has no weights
    assert sum(op.arithmetic for op in system.networks[DIFFUSION]) > 0
    assert system.spiking.steps == 40
    assert system.seconds == pytest.approx(40 * 512 / 22_050)


def test_events_are_counted_where_they_are_heard(spiking_bundle: Bundle, system: System) -> None:
    (found,) = system.hearing[WAVEFORM]
    assert (found.inputs, found.active) == (5 * 40, system.spiking.spikes)
    assert found.dense == 5 * 512 * (3 * 40 - 2)
    assert found.accumulates <= found.dense
    assert found.macs == 0


def test_only_the_channels_of_events_are_heard(write_graph: Write) -> None:
    """Events that join other channels: the products of those others are not theirs."""
    path = write_graph(
        [
            helper.make_node("Concat", ["other", "events"], ["both"], axis=1),
            helper.make_node("Conv", ["both", "w"], ["y"]),
        ],
        {"w": np.ones((4, 5, 1), np.float32)},
        {"other": 3, "events": 3},
        ["y"],
    )
    events = np.zeros((1, 2, 6), np.float32)
    events[0, 1, ::2] = 1
    shapes = {"other": (1, 3, 6), "events": (1, 2, 6)}
    (found,) = heard(path, shapes, "events", events)
    assert (found.dense, found.accumulates, found.inputs) == (4 * 2 * 6, 4 * 3, 12)
    (whole,) = activity(path, {"other": np.full((1, 3, 6), 2, np.float32), "events": events})
    assert (whole.dense, whole.macs, whole.accumulates) == (4 * 5 * 6, 4 * (18 + 3), 0)


def test_terms_add_up_to_the_price_of_each_layer(system: System) -> None:
    chip = load_chip("int8-45nm")
    found = operators_bill(chip, system.networks[WAVEFORM])
    mac = summed(term for term in found.terms if term.name == "fp32_mac")
    assert mac is not None
    assert mac[1] == pytest.approx(macs(system, WAVEFORM) * 4.6e-12)
    assert found.mid_j == pytest.approx(sum(term.mid_j for term in found.terms))
    assert all(term.layer and term.source and term.count for term in found.terms)
    assert link_bill(chip, 1000).mid_j == pytest.approx(8000 * 20e-12)
    with pytest.raises(ChipError, match="'loihi1' has no price fp32_"):
        operators_bill(load_chip("loihi1"), system.networks[WAVEFORM])


def test_an_unknown_operator_refuses_the_bill(write_graph: Write) -> None:
    node = helper.make_node("Einsum", ["x", "x"], ["y"], equation="a,a->a")
    operators = operators_of(shaped(write_graph([node], {}, {"x": 1}, ["y"]), {"x": (3,)}))
    found = operators_bill(load_chip("int8-45nm"), operators)
    assert found.refused == "not counted: Einsum"
    assert found.mid_j is None
    known = operators_bill(load_chip("int8-45nm"), (replace(operators[0], verdict="counted"),))
    assert known.mid_j == 0
