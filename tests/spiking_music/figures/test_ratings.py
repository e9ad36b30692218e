from spiking_music.figures.ratings import ratings
from spiking_music.listening.scores import Duel, Mean

MEANS = [Mean("reference", 95.0, 90.0, 100.0, (90, 100)), Mean("spikes", 60.0, None, None, (60,))]
DUELS = [Duel("reference", "spikes", 12, 1, 0, 0.003, 0.003)]


def test_every_condition_and_count_is_shown() -> None:
    left, right = ratings(MEANS, DUELS).axes
    names = [mean.name for mean in MEANS]
    assert [text.get_text() for text in left.get_yticklabels()] == names
    assert [text.get_text() for text in right.get_yticklabels()] == names
    assert sorted(text.get_text() for text in right.texts) == ["1", "12"]


def test_what_is_not_told_apart_is_hatched() -> None:
    def hatched(corrected: float) -> set[str | None]:
        duel = Duel("reference", "spikes", 12, 1, 0, 0.003, corrected)
        return {cell.get_hatch() for cell in ratings(MEANS, [duel]).axes[1].collections}

    assert hatched(0.01) == {None}
    assert hatched(0.2) == {"////"}
