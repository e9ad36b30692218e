"""How the lapped codec smears attacks, and what gains in time would mend."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from runtime.audio.samples import Samples
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.files import replacing
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
SHOWN, MARGIN_S = 3, 0.36


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
    codec = Codec(open_bundle())
    attacks, mended = [], []
    for number, clip in enumerate(clips):
        piece = codec.encode(clip.samples, SAMPLE_RATE, step=_step(codec, clip, kbps))
        mended.append(gains(clip.samples, codec.decode(piece, "waveform")))
        attacks += attacks_of(clip, codec.decode(piece))
        progress((number + 1) / len(clips))
    return attacks, mended


def _step(codec: Codec, clip: Clip, kbps: float) -> int:
    """Return the smallest step at which the events of a clip fit a rate."""
    from runtime.coders.lapped.coder import encode
    from runtime.lapped.model import step_of
    from runtime.spk.short import LARGEST_STEP

    (section,) = codec.engine.encoder.sections([clip.samples])
    model, tables = codec.engine.model, codec.engine.code.tables
    assert tables is not None
    room = kbps * 125 * len(clip.samples) / SAMPLE_RATE

    def fits(step: int) -> bool:
        levels = model.levels(section.analysis, step_of(step))
        return len(encode(levels, SAMPLE_RATE / 2 / model.hop, tables)) <= room

    finest = model.finest(section.analysis)
    return finest + bisect_left(range(finest, LARGEST_STEP), True, key=fits)


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
                panel.specgram(
                    sound[first:last] + 1e-9,
                    NFFT=512,
                    noverlap=448,
                    Fs=SAMPLE_RATE,
                    vmin=-140,
                    vmax=-50,
                    cmap="magma",
                )
                panel.set_ylim(0, 6000)
                panel.set_title(f"{name}: {attack.clip.name}"[:44])
        with replacing(picture, overwrite=True) as temporary:
            figure.savefig(temporary, format="png", dpi=110)
