"""Measure every system on every clip in the same way, one row for each."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runtime.audio.samples import Samples
from runtime.costs import event_rates
from runtime.errors import MissingPackageError
from runtime.kinds import Progress
from runtime.metrics import si_snr
from spiking_music.evaluation.systems import Decoded, System
from spiking_music.evaluation.transcription import load_transcriber, note_f1
from spiking_music.evaluation.visqol import load_visqol
from train.config import SAMPLE_RATE
from train.data.clips import Clip, within
from train.data.notes import Notes
from train.objectives.distances import mel_distance, stft_distance

Transcriber = Callable[[Samples], Notes]
Listener = Callable[[Samples, Samples, int], float | None]

MOST_DECIBELS = 100.0
_CUT = 0.1  # seconds: notes that sound when a clip is cut out seem to begin within this time


@dataclass(frozen=True)
class Row:
    """One system on one clip; None if a measure does not apply.

    `si_snr_db` is limited to +-100 dB, since it is infinite for an exact copy and for one without
    any of the original; `mel_distance` in nepers; `stft_distance`; `visqol` 1..4.73; `note_f1` 0..1
    of the transcribed copy against the transcribed original, `reference_f1` against the notes
    played; `stored_kbps` on disk, `paper_kbps` by the paper's formula, `bound_kbps`, the bound;
    `events_per_second`; `density`, the share of ones.
    """

    set: str
    clip: str
    system: str
    si_snr_db: float | None
    mel_distance: float
    stft_distance: float
    visqol: float | None = None
    note_f1: float | None = None
    reference_f1: float | None = None
    stored_kbps: float | None = None
    paper_kbps: float | None = None
    bound_kbps: float | None = None
    events_per_second: float | None = None
    density: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """All rows, by set, clip, system; and the measures that were `unavailable`, with the reason."""

    rows: tuple[Row, ...]
    unavailable: Mapping[str, str] = field(default_factory=dict)


def evaluate(
    systems: Sequence[System],
    sets: Mapping[str, Sequence[Clip]],
    progress: Progress | None = None,
) -> Evaluation:
    """Run every system on every clip of every named set, and measure the output.

    `progress` is called with the share done, 0..1. A measure whose package is missing is left out
    and named. Raises `ValueError` when a system's output has another length.
    """
    unavailable: dict[str, str] = {}
    transcribe: Transcriber | None = _available(load_transcriber, "note_f1", unavailable)
    listen: Listener | None = _available(load_visqol, "visqol", unavailable)
    total = len(systems) * sum(map(len, sets.values()))
    rows: list[Row] = []
    for name, clips in sets.items():
        for clip in clips:
            judge = _Judge(name, clip, transcribe, listen)
            for system in systems:
                rows.append(judge(system))
                if progress is not None:
                    progress(len(rows) / total)
    return Evaluation(tuple(rows), unavailable)


class _Judge:
    """Measures systems on one clip, which is transcribed only once."""

    def __init__(
        self, name: str, clip: Clip, transcribe: Transcriber | None, listen: Listener | None
    ) -> None:
        self.set, self.clip = name, clip
        self.transcribe, self.listen = transcribe, listen
        self.original = within(clip.samples, clip)
        self.heard = None if transcribe is None else transcribe(self.original)

    def __call__(self, system: System) -> Row:
        decoded = system.run(self.clip.samples)
        if decoded.sound.shape != self.clip.samples.shape:
            raise ValueError(
                f"{system.name} gives {decoded.sound.shape} for {self.clip.samples.shape} samples"
            )
        sound = within(decoded.sound, self.clip)
        return Row(
            self.set,
            self.clip.name,
            system.name,
            bounded_decibels(si_snr(self.original, sound)),
            mel_distance(self.original, sound),
            stft_distance(self.original, sound),
            None if self.listen is None else self.listen(self.original, sound, SAMPLE_RATE),
            **self._notes(sound),
            **_rates(decoded, len(sound) / SAMPLE_RATE),
        )

    def _notes(self, sound: Samples) -> dict[str, float | None]:
        if self.transcribe is None or self.heard is None:
            return {}
        found = _after_cut(self.transcribe(sound))
        played = self.clip.notes
        return {
            "note_f1": note_f1(_after_cut(self.heard), found),
            "reference_f1": None if played is None else note_f1(_after_cut(played), found),
        }


def bounded_decibels(value: float) -> float | None:
    """Return decibels limited to +-100 dB; None for NaN, as for a constant original."""
    return None if math.isnan(value) else min(max(value, -MOST_DECIBELS), MOST_DECIBELS)


def _rates(decoded: Decoded, seconds: float) -> dict[str, float]:
    rates = {} if decoded.events is None else event_rates(decoded.events, seconds)
    if decoded.stored_bits is not None:
        rates["stored_kbps"] = decoded.stored_bits / seconds / 1000
    return rates


def _after_cut(notes: Notes) -> Notes:
    return notes.between(_CUT, math.inf)


def _available(load: Callable[[], Any], measure: str, unavailable: dict[str, str]) -> Any:
    try:
        return load()
    except MissingPackageError as error:
        unavailable[measure] = str(error)
        return None
