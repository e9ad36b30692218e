"""What the lapped codec needs for a quality, and how good it is at a rate, clip by clip."""

import io
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.results import write_json
from runtime.audio.samples import Samples
from runtime.bundle import open_bundle
from runtime.codec import Codec
from runtime.coders.lapped.coder import encode
from runtime.costs import event_rates
from runtime.errors import SpikingMusicError
from runtime.kinds import Progress
from runtime.lapped import chip
from runtime.lapped.encoder import Levels, Section
from runtime.lapped.model import LappedModel, step_of
from runtime.metrics import si_snr
from runtime.playback import Playback
from runtime.spk.short import LARGEST_STEP
from runtime.spk.writer import SpkWriter
from runtime.thermometer import events_of
from runtime.to_spk import header_of
from spiking_music.evaluation.transcription import load_transcriber, note_f1
from spiking_music.evaluation.visqol import load_visqol
from train.config import SAMPLE_RATE
from train.data.clips import Clip, within
from train.objectives.distances import mel_distance

RATES = (0.7, 1.0, 1.5, 3.445)  # kbit/s of payload
QUALITY = 9.0  # dB, of the waveform
PARTS = ("thresholds", "refiner", "noise", "corrections")

Judge = Callable[[Samples, Samples], dict[str, float | None]]


@dataclass(frozen=True)
class Row:
    """A clip at a rate, or at a quality where `wish` is that.

    `payload` kbit/s of the events, `corrections` of the noise, `file` of the whole file; `paper`
    and `bound` kbit/s by the paper's formula and log2 C(NT, S); SI-SNR in dB without noise
    (`waveform`) and with it (`listening`), and what else was judged of the latter.
    """

    set: str
    clip: str
    effort: str
    wish: str
    step: int
    payload: float
    corrections: float
    file: float
    paper: float
    bound: float
    waveform: float
    listening: float
    mel: float
    visqol: float | None = None
    note_f1: float | None = None


class Bench:
    """A bundle that is measured with the thresholds of the chip, or with those a host moves.

    It may be `without` some of `PARTS`: with thresholds that round, without refiner, without noise
    (what is judged is then the waveform), or without corrections of the noise. The coder's tables
    stay as they are.
    """

    def __init__(
        self, bundle: Path | None, effort: str, judged: bool, without: Sequence[str] = ()
    ) -> None:
        unknown = set(without) - set(PARTS)
        if unknown:
            raise SpikingMusicError(f"without {unknown.pop()}: choose from {', '.join(PARTS)}")
        self.codec, self.effort = Codec(open_bundle(bundle)), effort
        self.judged_decoder = "waveform" if "noise" in without else "listening"
        self.corrected = not {"corrections", "noise"} & set(without)
        self.model, self.encoder = self.codec.engine.model, self.codec.engine.encoder
        self.code = self.codec.engine.code
        if "thresholds" in without:
            self.model.units = rounding(self.model)
        if "refiner" in without:
            self.model.values = lambda q, step, first=0: self.model.unrefined(q, step)
        self.judge: Judge | None = _judge() if judged else None

    def steps(self, clip: Clip, rates: Sequence[float]) -> dict[str, int]:
        """The step at which a clip has the quality, and those for the rates that it can have."""
        (section,) = self.encoder.sections([clip.samples])
        finest = self.model.finest(section.analysis)
        worse = self._first(section, lambda step: self._si_snr(section, step) <= QUALITY)
        found = {f"{QUALITY:g} dB": max(worse - 1, finest)}
        for kbps in rates:
            step = self._first(section, partial(self._fits, clip, section, kbps))
            found[f"{kbps:g} kbit/s"] = step
        return found

    def rows(self, name: str, clip: Clip, steps: Mapping[str, int]) -> list[Row]:
        """Measure a clip at each of the steps."""
        (section,) = self.encoder.sections([clip.samples])
        return [self._row(name, clip, section, wish, step) for wish, step in steps.items()]

    def coded(self, clip: Clip, kbps: float) -> Levels:
        """The events of a clip, with corrections, whose payload has at most `kbps`."""
        (section,) = self.encoder.sections([clip.samples])
        step = self._first(section, partial(self._fits, clip, section, kbps))
        return self.encoder.encoded(section, step, None, self.effort)

    def _first(self, section: Section, good: Callable[[int], bool]) -> int:
        """The finest step that is good."""
        finest = self.model.finest(section.analysis)
        return finest + bisect_left(range(finest, LARGEST_STEP), True, key=good)

    def _fits(self, clip: Clip, section: Section, kbps: float, step: int) -> bool:
        return _kbps(self._payload(self._levels(section, step)), clip) <= kbps

    def _levels(self, section: Section, step: int) -> Levels:
        q = self.model.levels(section.analysis, step_of(step), self.effort)
        return Levels(section.index, q, step, np.zeros((0, self.code.bands), np.int32))

    def _si_snr(self, section: Section, step: int) -> float:
        q = self._levels(section, step).q
        return self.model.si_snr(section.analysis, q, step_of(step))

    def _sound(self, clip: Clip, levels: Levels, decoder: str = "waveform") -> Samples:
        chunk = levels.events()
        blocks = self.codec.decode_stream([chunk], Playback(decoder=decoder))
        return within(np.concatenate(list(blocks))[: len(clip.samples)], clip)

    def _payload(self, levels: Levels, corrected: bool = False) -> int:
        assert self.code.tables is not None
        moved = levels.corrections.astype(np.int8) if corrected else None
        return len(encode(levels.q, self.model.rate / 2 / self.model.hop, self.code.tables, moved))

    def _row(self, name: str, clip: Clip, section: Section, wish: str, step: int) -> Row:
        levels = self._levels(section, step)
        if self.corrected:
            levels = self.encoder.encoded(section, step, None, self.effort)
        payload, whole = self._payload(levels), self._payload(levels, corrected=True)
        original = within(clip.samples, clip)
        heard = self._sound(clip, levels, self.judged_decoder)
        events = events_of(levels.q, 2 * 64 * self.model.units.bins)
        rates = event_rates(events, len(clip.samples) / SAMPLE_RATE)
        return Row(
            name,
            clip.name,
            self.effort,
            wish,
            step,
            _kbps(payload, clip),
            _kbps(whole - payload, clip),
            _kbps(self._file(clip, levels), clip),
            rates["paper_kbps"],
            rates["bound_kbps"],
            si_snr(original, self._sound(clip, levels)),
            si_snr(original, heard),
            mel_distance(original, heard),
            **({} if self.judge is None else self.judge(original, heard)),
        )

    def _file(self, clip: Clip, levels: Levels) -> int:
        file = io.BytesIO()
        header = header_of(self.codec.manifest, len(clip.samples), code=self.code)
        writer = SpkWriter(file, header, {}, self.code.tables)
        chunk = levels.events()
        writer.write(chunk.events, chunk.mu, chunk.corrections)
        writer.close(len(clip.samples))
        return len(file.getvalue())


def rounding(model: LappedModel) -> chip.Units:
    """Units that fire where a level is nearest: the transform alone."""
    level = np.arange(len(model.units.theta))[:, None]
    theta = chip.GRID * model.scale * (level + 0.5) / (level + chip.OFFSET)
    return chip.Units(np.rint(theta).astype(np.int32), model.hop)


def measure(
    bench: Bench,
    sets: Mapping[str, Sequence[Clip]],
    rates: Sequence[float] = RATES,
    guide: Bench | None = None,
    progress: Progress = lambda share: None,
) -> list[Row]:
    """Measure all clips of all sets, at the steps that they need, or that `guide` would need."""
    rows: list[Row] = []
    total, done = sum(map(len, sets.values())), 0
    for name, clips in sets.items():
        for clip in clips:
            rows += bench.rows(name, clip, (guide or bench).steps(clip, rates))
            done += 1
            progress(done / total)
    return rows


def show(rows: Sequence[Row], clips: bool, json: Path | None) -> None:
    """Print means over the clips of each set, or every clip, as a table; write all as JSON."""
    write_json([asdict(row) for row in rows], json)
    names = ("step", "payload", "corrections", "file", "paper", "bound", "waveform", "listening")
    names += ("mel", "visqol", "note_f1")
    print(f"| set | thresholds | at | {' | '.join(names)} |")
    print(f"|---|---|---|{'--:|' * len(names)}")
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        key = (f"{row.set}: {row.clip}" if clips else row.set, row.effort, row.wish)
        groups.setdefault(key, []).append(row)
    for key, group in groups.items():
        cells = (_mean(getattr(row, name) for row in group) for name in names)
        print(f"| {' | '.join(key)} | {' | '.join(cells)} |")


def _mean(values: Iterable[Any]) -> str:
    known = [value for value in values if value is not None and math.isfinite(value)]
    return f"{np.mean(known):.3f}" if known else ""


def _kbps(size: int, clip: Clip) -> float:
    return 8 * size / (len(clip.samples) / SAMPLE_RATE) / 1000


def _judge() -> Judge:
    transcribe, listen = load_transcriber(), load_visqol()

    def judged(original: Samples, heard: Samples) -> dict[str, float | None]:
        return {
            "visqol": listen(original, heard, SAMPLE_RATE),
            "note_f1": note_f1(transcribe(original), transcribe(heard)),
        }

    return judged
