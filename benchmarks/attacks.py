"""How the lapped codec smears attacks, and what gains in time would mend."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.lapped import Bench
from benchmarks.spectrograms import save, spectrogram
from runtime.audio.samples import Samples
from runtime.kinds import Progress
from runtime.metrics import si_snr
from spiking_music.figures.style import STYLE, canvas
from train.data.clips import SAMPLE_RATE, Clip

BEFORE_S = (0.080, 0.007)  # the window in which an attack must not be heard yet
AFTER_S = 0.055
RISE_DB = 6.0  # of an attack over what was before it
SEGMENT = 256  # samples that a gain lasts
GAINS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
WORTH = 8e-4  # least share of a clip's error that a gain must take away
SHOWN, MARGIN_S, HIGHEST_HZ = 3, 0.36, 6000


@dataclass(frozen=True, eq=False)
class Attack:
    """An attack at `second` of a clip, in dB: the `rise` of the original's power; before it, the
    `excess` of the decoded power, and the power of the error relative to the attack, the `echo`."""

    clip: Clip
    decoded: Samples
    second: float
    rise: float
    excess: float
    echo: float


@dataclass(frozen=True)
class Mended:
    """The SI-SNR of a clip in dB `before` and `after` the best gains, and their kbit/s."""

    before: float
    after: float
    kbps: float


def measure(
    clips: Sequence[Clip], kbps: float, progress: Progress = lambda share: None
) -> tuple[list[Attack], list[Mended]]:
    """Measure clips that have notes, each coded at a rate in kbit/s, `kbps` of events."""
    bench = Bench(None, "certified", judged=False)
    codec = bench.codec
    attacks, mended = [], []
    for number, clip in enumerate(clips):
        piece = codec.encode(clip.samples, SAMPLE_RATE, step=bench.coded(clip, kbps).step)
        mended.append(gains(clip.samples, codec.decode(piece, "waveform")))
        attacks += attacks_of(clip, codec.decode(piece))
        progress((number + 1) / len(clips))
    return attacks, mended


def attacks_of(clip: Clip, decoded: Samples) -> list[Attack]:
    """Return the attacks of a clip's notes that rise over what was before them."""
    found = []
    for second in [] if clip.notes is None else np.unique(np.round(clip.notes.onset, 2)).tolist():
        start, stop = (round((second - s) * SAMPLE_RATE) for s in BEFORE_S)
        end = round((second + AFTER_S) * SAMPLE_RATE)
        if start < 0 or end > len(clip.samples):
            continue
        before, after = slice(start, stop), slice(round(second * SAMPLE_RATE), end)
        attack, quiet = _power(clip.samples[after]), _power(clip.samples[before])
        if attack - quiet >= RISE_DB:
            echo = _power((decoded - clip.samples)[before]) - attack
            excess = _power(decoded[before]) - quiet
            found.append(Attack(clip, decoded, second, attack - quiet, excess, echo))
    return found


def gains(original: Samples, decoded: Samples) -> Mended:
    """Give each segment of the decoded sound the gain that brings it closest to the original."""
    count = len(original) // SEGMENT
    x, y = (
        sound[: count * SEGMENT].reshape(count, -1).astype(float) for sound in (original, decoded)
    )
    errors = np.square(x[:, None] - GAINS[:, None] * y[:, None]).sum(2)
    chosen = errors.argmin(1)
    saved = errors[:, -1] - errors.min(1)
    chosen[saved <= WORTH * errors[:, -1].sum()] = len(GAINS) - 1
    share = np.bincount(chosen, minlength=len(GAINS)) / count
    bits = -float((share * np.log2(share + (share == 0))).sum())
    mended = (GAINS[chosen, None] * y).ravel()
    return Mended(
        si_snr(x.ravel(), y.ravel()),
        si_snr(x.ravel(), mended),
        bits * SAMPLE_RATE / SEGMENT / 1000,
    )


def _power(sound: npt.NDArray[np.floating]) -> float:
    return float(10 * np.log10(np.square(sound, dtype=np.float64).mean() + 1e-10))


def show(attacks: Sequence[Attack], mended: Sequence[Mended], picture: Path | None) -> None:
    """Print medians and worst cases; draw the attacks of the worst clips."""
    for name in ("rise", "excess", "echo"):
        values = [getattr(attack, name) for attack in attacks]
        print(f"{name}, dB: median {np.median(values):.1f}, 90 % {np.percentile(values, 90):.1f}, "
              f"most {max(values):.1f}, of {len(values)} attacks")  # fmt: skip
    before, after, kbps = np.mean([(m.before, m.after, m.kbps) for m in mended], axis=0)
    print(f"gains in time: {before:.2f} dB become {after:.2f} for {kbps:.3f} kbit/s")
    if picture is not None:
        _draw(attacks, picture)


def _draw(attacks: Sequence[Attack], picture: Path) -> None:
    import matplotlib

    worst: dict[str, Attack] = {}
    for attack in sorted(attacks, key=lambda attack: -attack.excess):
        worst.setdefault(attack.clip.name, attack)
    with matplotlib.rc_context(STYLE):
        figure = canvas(760, 520)
        axes = figure.subplots(SHOWN, 2, sharey=True, squeeze=False)
        for row, attack in zip(axes, [*worst.values()][:SHOWN], strict=False):
            first = max(round((attack.second - MARGIN_S) * SAMPLE_RATE), 0)
            last = round((attack.second + MARGIN_S) * SAMPLE_RATE)
            sounds = {"original": attack.clip.samples, "decoded": attack.decoded}
            for panel, (name, sound) in zip(row, sounds.items(), strict=True):
                title = f"{name}: {attack.clip.name}"[:44]
                spectrogram(panel, sound[first:last], title, 512, HIGHEST_HZ)
        save(figure, picture, dpi=110)
