import numpy as np

from spiking_music.figures.rates import Point, kept, rates

POINTS = [Point("clip", mu, 3.0 - mu / 10, 12.0 - mu / 2) for mu in (0, 4, 8, 12)]


def test_control_keeps_the_largest_mu_that_is_good_enough() -> None:
    assert kept(POINTS, 9.0) == POINTS[1]
    assert kept(POINTS, 12.0) is None


def test_all_that_is_measured_is_drawn() -> None:
    clouds = {"SPARSE": [Point("clip", None, 2.0, 5.0)], "mu = 8": POINTS[2:3]}
    bits = np.zeros((4, 20), np.bool_)
    figure = rates(POINTS, clouds, {0: bits, 8: ~bits}, "clip", 9.0, 43.0)
    curves, cloud, one, other = figure.axes
    assert any(np.array_equal(line.get_xdata(), [p.kbps for p in POINTS]) for line in curves.lines)
    assert [text.get_text() for text in cloud.get_legend().get_texts()] == list(clouds)
    assert "0.0%" in one.get_title(loc="left")
    assert "100.0%" in other.get_title(loc="left")
