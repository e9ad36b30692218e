import numpy as np
import pytest

from runtime.errors import ListeningError
from spiking_music.listening.conditions import always
from spiking_music.listening.trials import Trial, identity, render
from train.data.clips import Clip

RNG = np.random.default_rng(0)
CLIPS = [Clip(n, RNG.normal(0, 0.1, 22_050).astype(np.float32)) for n in ("one", "two")]


def test_every_clip_is_heard_in_every_condition() -> None:
    shares: list[float] = []
    trials = render(CLIPS, always(), shares.append)
    assert [trial.clip for trial in trials] == ["one", "two"]
    assert all(list(trial.sounds) == [c.name for c in always()] for trial in trials)
    assert shares == [(i + 1) / 8 for i in range(8)]


def test_two_clips_of_one_name_are_refused() -> None:
    with pytest.raises(ListeningError, match="two clips are called 'one'"):
        render([CLIPS[0], CLIPS[0]], always())


def test_a_test_is_known_by_what_is_heard() -> None:
    trials = render(CLIPS, always())
    assert identity(trials) == identity(render(CLIPS, always()))
    louder = Trial(trials[0].clip, {n: s * np.float32(0.5) for n, s in trials[0].sounds.items()})
    renamed = Trial("other", trials[0].sounds)
    ids = {identity(t) for t in (trials, [louder, trials[1]], [renamed, trials[1]], trials[:1])}
    assert len(ids) == 4
