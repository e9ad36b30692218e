import numpy as np

from benchmarks.rates import Point, drawn, kept, measured
from runtime.bundle import Bundle
from runtime.codec import Codec
from runtime.costs import paper_bits
from runtime.metrics import si_snr
from train.data.clips import Clip

POINTS = [Point("clip", mu, 3.0 - mu / 10, 12.0 - mu / 2) for mu in (0, 4, 8, 12)]


def test_a_point_is_the_cost_and_quality_of_what_is_coded(noiseless_bundle: Bundle) -> None:
    codec = Codec(noiseless_bundle)
    samples = np.random.default_rng(0).normal(0, 0.1, 9000).astype(np.float32)
    piece = codec.encode(samples, 22050)
    events = piece.events
    bits = paper_bits(events.units, events.frames, events.count)
    point = measured(codec, Clip("noise", samples), None)
    assert point.kbps == bits / (9000 / 22_050) / 1000
    assert point.si_snr == si_snr(samples, codec.decode(piece))


def test_control_keeps_the_largest_mu_that_is_good_enough() -> None:
    assert kept(POINTS, 9.0) == POINTS[1]
    assert kept(POINTS, 12.0) is None


def test_all_that_is_measured_is_drawn() -> None:
    clouds = {"SPARSE": [Point("clip", None, 2.0, 5.0)], "mu = 8": POINTS[2:3]}
    bits = np.zeros((4, 20), np.bool_)
    figure = drawn(POINTS, clouds, {0: bits, 8: ~bits}, "clip", 9.0, 43.0)
    curves, cloud, one, other = figure.axes
    assert any(np.array_equal(line.get_xdata(), [p.kbps for p in POINTS]) for line in curves.lines)
    assert [text.get_text() for text in cloud.get_legend().get_texts()] == list(clouds)
    assert "0.0%" in one.get_title(loc="left")
    assert "100.0%" in other.get_title(loc="left")
