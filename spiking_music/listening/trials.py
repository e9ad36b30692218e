"""The sounds of a test: every condition of every clip, at equal loudness and length."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.audio.samples import Samples
from runtime.errors import ListeningError
from runtime.kinds import Progress
from spiking_music.listening.conditions import Condition
from spiking_music.listening.loudness import matched
from train.config import SAMPLE_RATE
from train.data.clips import Clip


@dataclass(frozen=True, eq=False)
class Trial:
    """One clip to be rated: its name and, by condition, sounds `(n,) float32` at 22 050 Hz."""

    clip: str
    sounds: dict[str, Samples]


def render(
    clips: Sequence[Clip], conditions: Sequence[Condition], progress: Progress | None = None
) -> list[Trial]:
    """Render each clip in each condition and match the loudness within and between clips.

    Raises `ListeningError` for two clips with the same name, and what the conditions raise.
    """
    names = [clip.name for clip in clips]
    for name in names:
        if names.count(name) > 1:
            raise ListeningError(f"two clips are called {name!r}; rename one of the recordings")
    sounds: list[Samples] = []
    for clip in clips:
        for condition in conditions:
            sounds.append(condition.hear(clip))
            if progress is not None:
                progress(len(sounds) / (len(clips) * len(conditions)))
    level = iter(matched(sounds, SAMPLE_RATE))
    return [
        Trial(name, {condition.name: next(level) for condition in conditions}) for name in names
    ]


def identity(trials: Sequence[Trial]) -> str:
    """Return 12 hex digits that identify a test by all of its sounds."""
    digest = hashlib.sha256()
    for trial in trials:
        for name, sound in trial.sounds.items():
            digest.update(f"{trial.clip}\0{name}\0{len(sound)}\0".encode())
            digest.update(sound.tobytes())
    return digest.hexdigest()[:12]
