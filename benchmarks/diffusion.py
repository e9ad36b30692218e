"""How near each way to hear a file comes to the original, by every measure.

For a LAPPED bundle clips are coded at rates of payload, with thresholds moved by the host, for
another one as it codes by default. Every way decodes the same events. Measures that take seconds
are taken of few ways.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.lapped import RATES, Bench
from benchmarks.results import write_json
from runtime.audio.samples import Samples
from runtime.bundle import Bundle, open_bundle
from runtime.codec import Codec
from runtime.decoders.presets import playback_named
from runtime.errors import SpikingMusicError
from runtime.kinds import Progress
from runtime.lapped.decoder import LappedDecoder
from runtime.lapped.diffusion import Floats, Ints, LappedDiffusion
from runtime.lapped.model import LappedModel
from runtime.lapped.noise import NEPER
from runtime.lapped.sampling import Given
from runtime.metrics import si_snr
from runtime.piece import Chunk
from runtime.playback import usual
from spiking_music.evaluation.frechet import Features, frechet_distance, load_embedder
from spiking_music.evaluation.peers import OPUS_KBPS, opus
from spiking_music.evaluation.transcription import load_transcriber, note_f1
from spiking_music.evaluation.treble import log_spectral_distance, modulation_distance
from spiking_music.evaluation.visqol import load_visqol
from train.config import SAMPLE_RATE
from train.data.clips import Clip, within
from train.data.low_pass import low_pass
from train.objectives.distances import mel_distance, stft_distance
from train.validation import kbps

SAMPLED = ("ddim_1", "ddim_2", "ddim_4", "ddim_8", "dpm_4", "dpm_8")
PLAIN = ("waveform", "listening")
FAST = "fast"
PEERS = {f"opus_{kbps}": kbps for kbps in OPUS_KBPS}
GAINS = {f"{gain:+g} dB": gain for gain in (-6.0, -3.0, 1.5)}  # of one step of DDIM
WITHOUT = "uncorrected"  # noise without the corrections in the file
ORIGINAL = "original"
FREE = "free"  # four steps of DDIM, not held to the cells
WAYS = (*PLAIN, WITHOUT, *SAMPLED, FREE, *GAINS, *PEERS)
PAPER_WAYS = (FAST, *SAMPLED, *PEERS)
JUDGED = {*PLAIN, FAST, "ddim_1", "ddim_4", "dpm_4", *PEERS}  # by ViSQOL and in notes
WORST = 0.05  # share of the clips
LARGER_IS_BETTER = {"si_snr", "band_si_snr", "visqol", "note_f1"}

Decode = Callable[[Chunk], Samples]
Copy = tuple[float, str, Samples, float | None]
"""Rate, way, sound, and the edge of the band that the events reach in Hz."""


@dataclass(frozen=True)
class Row:
    """A clip, decoded in a way: SI-SNR in dB, of the whole and of the band that the events reach.

    Then mel distance in nepers, STFT distance, log-spectral distance above 2 kHz and distance of
    modulation in dB, ViSQOL, note F1. `kbps` is what was asked for.
    """

    set: str
    clip: str
    kbps: float
    way: str
    si_snr: float
    band_si_snr: float | None
    mel: float
    stft: float
    log_spectral: float
    modulation: float
    visqol: float | None
    note_f1: float | None


MEASURES = tuple(Row.__dataclass_fields__)[4:]


class Free(LappedDiffusion):
    """Diffusion whose samples may leave the cells."""

    def _moved(self, residual: Floats, values: Floats, q: Ints, step: Floats) -> Floats:
        return np.zeros(q.shape, np.float32)


class Louder(LappedDiffusion):
    """Diffusion whose samples are louder by `gain` dB."""

    def __init__(self, model: LappedModel, bundle: Bundle, gain: float) -> None:
        super().__init__(model, bundle)
        self._gain = np.float32(gain * NEPER)

    def _given(self, waveform: Floats, q: Ints, step: Floats, corrections: Ints) -> Given:
        given = super()._given(waveform, q, step, corrections)
        return replace(given, levels=given.levels + self._gain)


def decoders(bench: Bench) -> dict[str, Decode]:
    """What makes sound of a chunk of events, by the names of `WAYS`."""
    codec, model, usual_ones = bench.codec, bench.model, bench.codec.engine.decoders

    def by(decoder: LappedDecoder, way: str) -> Decode:
        playback = playback_named(way).over(usual(codec.manifest))
        return lambda chunk: np.concatenate(list(decoder.decoded([chunk], 0, 0, playback)))

    found = {way: by(usual_ones[way], way) for way in PLAIN}
    found |= {way: by(usual_ones["diffusion"], way) for way in SAMPLED}
    found[WITHOUT] = lambda chunk: found["listening"](replace(chunk, corrections=None))
    found[FREE] = by(LappedDecoder(model, Free(model, codec.bundle)), "ddim_4")
    for way, gain in GAINS.items():
        found[way] = by(LappedDecoder(model, Louder(model, codec.bundle, gain)), "ddim_1")
    return found


def measure(
    bundle: Path | None,
    sets: Mapping[str, Sequence[Clip]],
    rates: Sequence[float] | None = None,
    ways: Sequence[str] | None = None,
    visqol: bool = True,
    progress: Progress = lambda share: None,
) -> dict[str, Any]:
    """A row for each clip, rate and way, and a summary for each set, rate and way.

    The summary has means, means of the worst twentieth of the clips, at least one, and the Fréchet
    distance of all clips together.
    """
    opened = open_bundle(bundle)
    known = WAYS if opened.manifest.lapped else PAPER_WAYS
    wanted = list(ways or known)
    if unknown := set(wanted) - set(known):
        raise SpikingMusicError(f"way {unknown.pop()}: choose from {', '.join(known)}")
    make, listener = _maker(opened, rates, wanted), _Listener(visqol)
    rows, features = list[Row](), dict[tuple[str, float, str], list[Features]]()
    named = [(name, clip) for name, clips in sets.items() for clip in clips]
    for number, (name, clip) in enumerate(named, 1):
        listener.hear(clip)
        for rate, way, sound, edge in make(clip):
            rows.append(listener.row(name, rate, way, sound, edge))
            features.setdefault((name, rate, way), []).append(listener.features(sound))
        features.setdefault((name, 0.0, ORIGINAL), []).append(listener.features(clip.samples))
        progress(number / len(named))
    summary = []
    for (name, rate, way), heard in features.items():
        if way != ORIGINAL:
            group = [row for row in rows if (row.set, row.kbps, row.way) == (name, rate, way)]
            wanted_features = np.concatenate(features[name, 0.0, ORIGINAL])
            apart = frechet_distance(wanted_features, np.concatenate(heard))
            summary.append(_summary(group, apart))
    return {"summary": summary, "rows": [asdict(row) for row in rows]}


def _maker(
    bundle: Bundle, rates: Sequence[float] | None, ways: Sequence[str]
) -> Callable[[Clip], Iterator[Copy]]:
    """What makes the copies of a clip."""
    if not bundle.manifest.lapped:
        if rates:
            raise SpikingMusicError(f"rates: {bundle.manifest.name} codes as it does; omit them")
        return partial(paper_copies, Codec(bundle), ways=ways)
    bench = Bench(bundle.path, "better", judged=False)
    makers, wanted = decoders(bench), rates or RATES
    return lambda clip: copies(bench, makers, clip, wanted, ways)


def write(figures: dict[str, Any], json: Path | None) -> None:
    """Print the means and the worst as a table; write everything as JSON."""
    write_json(figures, json)
    names = ("frechet", *MEASURES, *(f"worst {name}" for name in MEASURES))
    print(f"| set | kbit/s | way | {' | '.join(names)} |")
    print(f"|---|--:|---|{'--:|' * len(names)}")
    for found in figures["summary"]:
        cells = ("" if found[name] is None else f"{found[name]:.3f}" for name in names)
        print(f"| {found['set']} | {found['kbps']:.4g} | {found['way']} | {' | '.join(cells)} |")


def copies(
    bench: Bench,
    makers: Mapping[str, Decode],
    clip: Clip,
    rates: Iterable[float],
    ways: Sequence[str],
) -> Iterator[Copy]:
    """Yield what each way makes of the same events at each rate."""
    for rate in rates:
        levels = bench.coded(clip, rate)
        highest = int(np.flatnonzero(levels.q.any(0)).max(initial=0))
        edge = (highest + 1) * SAMPLE_RATE / 2 / bench.model.hop
        for way in ways:
            if way in makers:
                yield rate, way, makers[way](levels.events())[: len(clip.samples)], edge
    yield from _peers(clip, ways)


def paper_copies(codec: Codec, clip: Clip, ways: Sequence[str]) -> Iterator[Copy]:
    """Yield what each way makes of the events of one of the paper's kinds; the rate is theirs."""
    manifest, piece = codec.manifest, codec.encode(clip.samples, SAMPLE_RATE)
    density = 2 ** (-piece.mus[0] / 4) if manifest.has_mu else 0.5
    for way in ways:
        if way not in PEERS:
            asked = playback_named(way)
            sound = codec.decode(piece, asked.decoder, asked.steps, sampler=asked.sampler)
            yield kbps(density, manifest.units), way, sound, None
    yield from _peers(clip, ways)


def _peers(clip: Clip, ways: Sequence[str]) -> Iterator[Copy]:
    for way in ways:
        if way in PEERS:
            yield PEERS[way], way, opus(clip.samples, PEERS[way])[0], None


class _Listener:
    """Compares copies of one clip with it."""

    def __init__(self, visqol: bool) -> None:
        self.visqol = load_visqol() if visqol else lambda *sounds: None
        self.transcribe, self.embed = load_transcriber(), load_embedder()

    def hear(self, clip: Clip) -> None:
        self.clip, self.original = clip, within(clip.samples, clip)
        self.notes = self.transcribe(self.original)

    def features(self, sound: Samples) -> Features:
        return self.embed(within(sound, self.clip))

    def row(self, name: str, kbps: float, way: str, sound: Samples, edge: float | None) -> Row:
        original, copy, judged = self.original, within(sound, self.clip), way in JUDGED
        return Row(
            name,
            self.clip.name,
            kbps,
            way,
            si_snr(original, copy),
            None if edge is None else si_snr(low_pass(original, edge), low_pass(copy, edge)),
            mel_distance(original, copy),
            stft_distance(original, copy),
            log_spectral_distance(original, copy),
            modulation_distance(original, copy),
            self.visqol(original, copy, SAMPLE_RATE) if judged else None,
            note_f1(self.notes, self.transcribe(copy)) if judged else None,
        )


def _summary(rows: Sequence[Row], frechet: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        **{name: getattr(rows[0], name) for name in ("set", "kbps", "way")},
        "clips": len(rows),
        "frechet": frechet,
    }
    for name in MEASURES:
        values = _sorted((getattr(row, name) for row in rows), name in LARGER_IS_BETTER)
        few = values[: max(1, round(WORST * len(rows)))]
        found[name] = float(np.mean(values)) if values else None
        found[f"worst {name}"] = float(np.mean(few)) if values else None
    return found


def _sorted(values: Iterable[float | None], larger_is_better: bool) -> list[float]:
    """Those that are known and finite, the worst first."""
    known = (value for value in values if value is not None and np.isfinite(value))
    return sorted(known, reverse=not larger_is_better)
