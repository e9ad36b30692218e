from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from listening.drawings import figure_3, write
from listening.results import Session
from listening.scores import duels, means
from runtime.errors import OutputError


def test_figure_3_shows_every_condition_and_count(of: Callable[..., Session]) -> None:
    sessions = [of(*[{"spikes": 60}] * 9), of(*[{"spikes": 80}] * 4, listener="bob")]
    figure = figure_3(means(sessions), duels(sessions))
    ratings, matrix = figure.axes
    names = [mean.name for mean in means(sessions)]
    assert [text.get_text() for text in ratings.get_yticklabels()] == names
    assert [text.get_text() for text in matrix.get_yticklabels()] == names
    counts = sorted(int(text.get_text()) for text in matrix.texts)
    assert counts == sorted(c for duel in duels(sessions) for c in (duel.wins, duel.losses))


def test_figures_are_written_twice_and_not_over_others(
    of: Callable[..., Session], tmp_path: Path
) -> None:
    def drawn() -> Figure:
        return figure_3(means([of({})]), duels([of({})]))

    files = write(drawn(), tmp_path / "heard.v2", False)
    assert [file.name for file in files] == ["heard.v2.svg", "heard.v2.png"]
    before = files[0].read_bytes()
    write(drawn(), tmp_path / "heard.v2", True)
    assert files[0].read_bytes() == before  # the same ratings, the same file
    with pytest.raises(OutputError):
        write(drawn(), tmp_path / "heard.v2", False)
