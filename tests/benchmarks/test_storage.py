from benchmarks.storage import (
    EXAMPLE,
    EXAMPLE_SHAPE,
    FORMATS,
    FRAMES,
    UNITS,
    cheapest,
    storage,
)


def test_the_example_costs_what_the_paper_says() -> None:
    costs = {name: cost(*EXAMPLE_SHAPE, len(EXAMPLE)) for name, cost in FORMATS.items()}
    assert costs == {"dense": 50, "coo": 49, "time": 40, "units": 48}


def test_every_format_is_the_cheapest_somewhere() -> None:
    ranges = cheapest(UNITS, FRAMES)
    assert [name for _, _, name in ranges] == ["coo", "time", "units", "dense"]
    assert ranges[0][0] == 2
    assert ranges[-1][1] == UNITS * FRAMES


def test_it_draws_a_line_a_format() -> None:
    _, costs = storage().axes
    assert [text.get_text() for text in costs.get_legend().get_texts()] == list(FORMATS)
