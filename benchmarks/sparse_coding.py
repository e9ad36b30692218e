"""Whether units that inhibit each other need fewer events than thresholds alone.

The locally competitive algorithm (Rozell et al. 2008): a unit's state follows its input less what
the units that fire already explain, `D^T (x - D a) + a`. Within the lapped transform the dictionary
is an orthonormal basis, `D^T D = I`, so that nothing is inhibited and one step is thresholds alone.
A gain needs more atoms than samples: a second, shorter window, or the same one half a hop later.

All codes are measured alike: a level fires at `l + 0.62` steps and stands for `l + 1` of them; bits
are those of a code that adapts to the magnitudes around a coefficient, with counts of all clips
together, and a bit for each sign.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from benchmarks.results import write_json
from runtime.audio.samples import Samples
from runtime.kinds import Progress
from runtime.lapped.chip import OFFSET
from runtime.lapped.transform import analysis, frames, synthesis
from runtime.metrics import si_snr
from spiking_music.cli import terminal
from train.config import SAMPLE_RATE
from train.data.clips import Clip

Floats = npt.NDArray[np.float32]

TOP = 0.75  # of the bins of each basis
STEPS = (2.25, 3.0, 4.0, 5.5)  # over the loudness of a clip
ITERATIONS, RATE = 40, 0.3  # of the competition; how far a state moves in each
HIGHEST = 30.0  # by how much thresholds begin higher
KBPS = 1.5


@dataclass(frozen=True)
class Basis:
    """A lapped transform of hop `hop` that begins `late` samples after the sound."""

    hop: int
    late: int = 0

    def __call__(self, sound: Samples) -> Floats:
        """The coefficients `(T, bins)` of a sound `(n,)`."""
        return analysis(frames(np.pad(sound, self.late), self.hop), int(TOP * self.hop))

    def sound(self, coefficients: Floats, samples: int) -> Samples:
        """The sound `(samples,)` of coefficients."""
        return synthesis(coefficients, self.hop)[self.late :][:samples]


DICTIONARIES: Mapping[str, tuple[tuple[Basis, ...], float]] = {  # and the threshold of the second
    "window 4096, thresholds alone": ((Basis(2048),), 1.0),
    "and window 1024": ((Basis(2048), Basis(512)), 1.0),
    "and window 1024, at 1.5 times the threshold": ((Basis(2048), Basis(512)), 1.5),
    "and window 4096, half a hop later": ((Basis(2048), Basis(2048, 1024)), 1.0),
}


def levels(state: Floats, step: float, threshold: float = 1.0) -> Floats:
    """Levels that fire, signed; the first needs `threshold` times as much as usual."""
    size = np.abs(state) / step
    return np.sign(state) * np.floor(size + 1 - OFFSET) * (size > OFFSET * threshold)


def competed(sound: Samples, bases: Sequence[Basis], step: float, threshold: float) -> list[Floats]:
    """The levels of each basis once the units have competed for the sound.

    Thresholds begin high and fall, so that the strongest units fire first, as in matching pursuit.
    """
    alone = len(bases) == 1
    thresholds = np.array([1.0, threshold])[: len(bases)]
    states = [np.zeros_like(basis(sound)) for basis in bases]
    found = states
    for turn in range(1 if alone else ITERATIONS):
        left = sound - step * decoded(found, bases, len(sound))
        height = 1 if alone else max(HIGHEST ** (1 - 1.5 * turn / ITERATIONS), 1)
        states = [
            u + (1 if alone else RATE) * (basis(left) + step * q - u)
            for u, q, basis in zip(states, found, bases, strict=True)
        ]
        found = [levels(u, step, height * t) for u, t in zip(states, thresholds, strict=True)]
    return found


def decoded(found: Sequence[Floats], bases: Sequence[Basis], samples: int) -> Samples:
    """The sound `(samples,)` of levels, in steps."""
    return np.sum([basis.sound(q, samples) for q, basis in zip(found, bases, strict=True)], axis=0)


def bits(found: Sequence[Floats]) -> float:
    """Bits of the levels `(T, bins)` of several clips in one basis, and of their signs.

    Whether a bin fires once more depends on its magnitudes in the two frames before, those of two
    bins below, and its place in octaves; each such case has a chance of its own, learned on the way
    (Krichevsky and Trofimov 1981).
    """
    counts: dict[int, npt.NDArray[np.int64]] = {}
    total = 0.0
    for q in found:
        size = np.abs(q).astype(np.int64)
        total += np.count_nonzero(size)
        around = np.pad(size, ((2, 0), (2, 1)))
        near = 2 * around[2:, 1:-2] + around[2:, :-3]
        past = 2 * around[1:-1, 2:-1] + around[1:-1, 1:-2] + around[1:-1, 3:] + around[:-2, 2:-1]
        place = np.log2(np.arange(q.shape[1]) + 1).astype(np.int64)
        case = (np.minimum(near, 7) * 10 + np.minimum(past, 9)) * 12 + place
        for level in range(int(size.max(initial=0)) + 1):
            asked = size >= level
            seen = case[asked] + 960 * min(level, 3)
            for answer in (0, 1):
                here = seen[(size[asked] > level) == answer]
                counts.setdefault(answer, np.zeros(4 * 960, np.int64))
                counts[answer] += np.bincount(here, minlength=4 * 960)
    if counts:
        total -= float((betaln(counts[0] + 0.5, counts[1] + 0.5) - betaln(0.5, 0.5)).sum()) / log(2)
    return total


def measure(clips: Sequence[Clip], progress: Progress = lambda share: None) -> list[dict[str, Any]]:
    """Return for each dictionary and step the events and kbit/s, and the mean SI-SNR in dB."""
    rows, seconds = [], sum(len(clip.samples) for clip in clips) / SAMPLE_RATE
    cases = [(name, step) for name in DICTIONARIES for step in STEPS]
    for number, (name, step) in enumerate(cases):
        bases, threshold = DICTIONARIES[name]
        codes, quality = [], []
        for clip in clips:
            loudness = float(np.sqrt(np.mean(np.square(clip.samples))))
            found = competed(clip.samples, bases, step * loudness, threshold)
            codes.append(found)
            quality.append(si_snr(clip.samples, decoded(found, bases, len(clip.samples))))
        by_basis = list(zip(*codes, strict=True))
        rows.append(
            {
                "dictionary": name,
                "step": step,
                "events": sum(float(np.abs(q).sum()) for code in codes for q in code) / seconds,
                "kbps": sum(map(bits, by_basis)) / seconds / 1000,
                "si_snr_db": float(np.mean(quality)),
            }
        )
        progress((number + 1) / len(cases))
    return rows


def compared(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each dictionary the SI-SNR at `KBPS`, and at as many events as thresholds alone take."""
    alone = next(iter(DICTIONARIES))
    events = _at(rows, alone, "kbps", "events")(KBPS)
    return [
        {
            "dictionary": name,
            "at_kbps_db": _at(rows, name, "kbps", "si_snr_db")(KBPS),
            "events": _at(rows, name, "kbps", "events")(KBPS),
            "at_events_db": _at(rows, name, "events", "si_snr_db")(events),
        }
        for name in DICTIONARIES
    ]


def _at(
    rows: Sequence[Mapping[str, Any]], name: str, given: str, wanted: str
) -> Callable[[float], float]:
    own = sorted((row[given], row[wanted]) for row in rows if row["dictionary"] == name)
    x, y = np.array(own).T
    return lambda value: float(np.interp(log(value), np.log(x), y))


def write(rows: Sequence[Mapping[str, Any]], path: Path | None) -> None:
    """Print the comparison, and write all figures as JSON where a `path` is given."""
    found = compared(rows)
    write_json({"rows": list(rows), "compared": found}, path)
    terminal.show_rows(
        [
            {
                "dictionary": row["dictionary"],
                f"dB at {KBPS:g} kbit/s": f"{row['at_kbps_db']:.2f}",
                "events a second": f"{row['events']:.0f}",
                "dB at as many events": f"{row['at_events_db']:.2f}",
            }
            for row in found
        ]
    )
