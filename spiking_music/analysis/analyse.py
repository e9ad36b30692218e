"""Compute all measures of a code over pieces, one by one, keeping only counts and short parts."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from runtime.codec import Codec
from runtime.errors import DataError, SpikingMusicError
from runtime.events import Bits
from runtime.kinds import Progress
from spiking_music.analysis.decoding import MOST_PIECES, Decoding, Stretch, decoding, mel, middle
from spiking_music.analysis.information import shared
from spiking_music.analysis.selectivity import Array, Selectivity, selectivity
from spiking_music.analysis.symbols import KEYS, onsets
from spiking_music.analysis.tally import SURROGATES, Tally, tally
from spiking_music.analysis.tuning import FEWEST, Tuning, curves, tuning
from train.data.annotated import AnnotatedRecording

MOST_UNITS = 2048  # with more, counts of every unit, note and lag would take gigabytes

Piece = Callable[[], AnnotatedRecording]
_HEARD = 0.8  # share of the progress before the decoding


@dataclass(frozen=True, eq=False)
class Analysis:
    """What the units of one code respond to.

    `name`, `kind`; `frames_per_second`; the `counted` tally; `tuned`, `curves (units, symbols,
    lags)`, `selective` and `information (units, symbols)` derived from it; `decoded`, how well
    notes can be decoded from the events, None for fewer than four pieces.
    """

    name: str
    kind: str
    frames_per_second: float
    counted: Tally
    tuned: Tuning
    curves: Array
    selective: Selectivity
    information: Array
    decoded: Decoding | None


@dataclass(frozen=True, eq=False)
class Analyses:
    """The analyses of codes on the same pieces, the decoding from `mel`, and the skipped pieces."""

    codes: tuple[Analysis, ...]
    mel: Decoding | None
    skipped: tuple[str, ...]


def analyse(
    codecs: Mapping[str, Codec],
    pieces: Sequence[Piece],
    mu: int | None = None,
    surrogates: int = SURROGATES,
    progress: Progress | None = None,
) -> Analyses:
    """Return what the units of each named codec respond to; every piece is read once.

    `mu` is for MU_SPARSE codecs. A piece that cannot be read is skipped and named; `progress` is
    called with the share done. Raises `DataError` when no piece is left, when no note begins often
    enough to be judged, or when the codecs' frame rates differ.
    """
    hop, rate = _frames_of(codecs.values())
    counted: list[Tally] = []
    stretches: list[list[Stretch]] = [[] for _ in range(len(codecs) + 1)]
    skipped: list[str] = []
    every = -(-len(pieces) // MOST_PIECES)
    for place, piece in enumerate(pieces):
        try:
            music = piece()
            coded = [_events(codec, music, mu) for codec in codecs.values()]
        except SpikingMusicError as error:
            skipped.append(str(error))
            continue
        begun = onsets(music, coded[0].shape[1], rate)
        more = [tally(bits, begun, place, surrogates) for bits in coded]
        counted = [a + b for a, b in zip(counted, more, strict=True)] if counted else more
        _tell(progress, _HEARD * (place + 1) / len(pieces))
        if place % every:
            continue
        part = middle(coded[0].shape[1], rate)
        notes = music.notes.between(part.start / rate, part.stop / rate)
        sound = mel(music.samples[part.start * hop : part.stop * hop], hop)
        stretches[-1].append(Stretch(sound, notes))
        for kept, bits in zip(stretches[:-1], coded, strict=True):
            kept.append(Stretch(bits[:, part].copy(), notes))
    if not counted:
        reason = f"; the first: {skipped[0]}" if skipped else ""
        raise DataError(f"none of {len(pieces)} recordings can be analysed{reason}")
    _require_notes(counted[0])
    found = []
    for place, kept in enumerate(stretches):
        found.append(decoding(kept, rate))
        _tell(progress, _HEARD + (1 - _HEARD) * (place + 1) / len(stretches))
    codes = zip(codecs.items(), counted, found[:-1], strict=True)
    measured = tuple(_measured(name, codec, rate, one, read) for (name, codec), one, read in codes)
    return Analyses(measured, found[-1], tuple(skipped))


def _measured(
    name: str, codec: Codec, rate: float, counted: Tally, decoded: Decoding | None
) -> Analysis:
    tuned, curve = tuning(counted), curves(counted)
    return Analysis(
        name,
        codec.manifest.kind,
        rate,
        counted,
        tuned,
        curve,
        selectivity(tuned, curve),
        shared(counted),
        decoded,
    )


def _events(codec: Codec, music: AnnotatedRecording, mu: int | None) -> Bits:
    rate = mu if codec.manifest.has_mu else None
    return codec.encode(music.samples, codec.manifest.sample_rate, rate).events.bits


def _require_notes(counted: Tally) -> None:
    most = int(counted.begun[:KEYS].max())
    if most < FEWEST:
        raise DataError(
            f"no note begins {FEWEST} times or more, as it must to be judged (the most frequent "
            f"{most} times); give more or longer recordings"
        )


def _frames_of(codecs: Collection[Codec]) -> tuple[int, float]:
    """Return the hop and the frames per second that all codecs share."""
    for codec in codecs:
        if (units := codec.manifest.units) > MOST_UNITS:
            raise DataError(
                f"bundle {codec.manifest.name}: has {units} units, and at most {MOST_UNITS} can be "
                "analysed; choose another bundle"
            )
    frames = {(codec.manifest.hop, codec.manifest.sample_rate) for codec in codecs}
    if len(frames) != 1:
        raise DataError(
            f"the bundles' frame rates differ ({sorted(frames)}); analyse them one by one"
        )
    hop, sample_rate = frames.pop()
    return hop, sample_rate / hop


def _tell(progress: Progress | None, share: float) -> None:
    if progress is not None:
        progress(share)
