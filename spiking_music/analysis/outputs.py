"""Write the results of an analysis: arrays, JSON for programs, Markdown to read."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from runtime.errors import OutputError
from runtime.files import replacing
from runtime.outputs import refuse_outputs
from spiking_music.analysis.analyse import Analyses, Analysis
from spiking_music.analysis.symbols import CHORDS, KEYS, PEDAL, SYMBOLS
from spiking_music.analysis.tally import LAGS
from spiking_music.analysis.tuning import FEWEST
from spiking_music.evaluation.tables import line

_CHORDS = slice(KEYS, KEYS + len(CHORDS))
_PEDAL = range(KEYS + len(CHORDS), len(SYMBOLS))
SUMMARY = ("units.json", "units.md")

# Rows of the table: title, figure, decimals.
_ROWS = (
    ("share of ones", "ones", 3),
    ("units", "units", 0),
    ("notes judged, of 88", "notes_judged", 0),
    ("units that respond to a note", "units_that_answer", 0),
    ("notes that a unit responds to", "notes_answered", 1),
    ("notes that silence a unit", "notes_silenced", 1),
    ("phi of the strongest response", "phi_of_best_note", 3),
    ("its latency, ms", "latency_ms", 0),
    ("its width, ms", "width_ms", 0),
    ("selectivity by note", "selectivity_note", 2),
    ("selectivity by pitch class", "selectivity_class", 2),
    ("selectivity by octave", "selectivity_octave", 2),
    ("phi at its octaves, share of the strongest", "octaves", 2),
    ("phi at its fifths, share of the strongest", "fifths", 2),
    ("share of a note's onsets that one unit detects", "information", 4),
    ("chords judged, of 24", "chords_judged", 0),
    ("chords that move a unit", "chords_answered", 1),
    ("units that pressing the pedal moves", "units_at_pedal_down", 0),
    ("units that releasing it moves", "units_at_pedal_up", 0),
)
_DECODED = (
    ("onsets decoded, F1", "f1", 3),
    ("average precision", "average_precision", 3),
    ("average precision by chance", "chance", 4),
)
_LEGEND = """\
phi: mean activity within 9 frames of an onset, less that within 10 to 50 frames, in standard
deviations of the unit. A unit responds to a note, or is silenced or moved by something, if phi is
beyond what the greatest of all pairs reaches in 5 % of the shuffles of the onsets. Judged is what
begins 30 times or more. Selectivity is 1 for an answer to one thing and 0 for equal answers to all;
latency and width, at half height, are those of a unit's strongest answer. Told: mutual information
as a share of the entropy of a note's onsets, the best unit of each note. Decoded: onsets read by
logistic regression from 7 frames, on pieces that it was not trained on; F1 within 50 ms. Means.
"""


def arrays(found: Analysis) -> dict[str, Any]:
    """Return the arrays of an `.npz`: units x symbols, or units, with the names of both axes."""
    tuned, selective = found.tuned, found.selective
    return {
        "name": found.name,
        "kind": found.kind,
        "frames_per_second": found.frames_per_second,
        "frames": found.counted.frames,
        "symbols": np.array(SYMBOLS),
        "lags": LAGS,
        "counts": found.counted.pairs.astype(np.int32),
        "fired": found.counted.fired.astype(np.int64),
        "begun": found.counted.begun.astype(np.int64),
        "curves": found.curves.astype(np.float32),
        "information": found.information.astype(np.float32),
        "critical": tuned.critical,
        "significant": tuned.significant,
        **{
            name: getattr(tuned, name).astype(np.float32)
            for name in ("phi", "low", "high", "score", "latency")
        },
        **{f"unit_{name}": values for name, values in vars(selective).items()},
    }


def summary(found: Analysis) -> dict[str, Any]:
    """Return the figures of a code: means over the units that respond, None if none does."""
    selective, counted, certain = found.selective, found.counted, found.tuned.significant
    judged = counted.begun >= FEWEST
    best = np.nan_to_num(found.tuned.phi[:, :KEYS]).max(1)
    return {
        "kind": found.kind,
        "pieces": counted.pieces,
        "hours": counted.frames / found.frames_per_second / 3600,
        "ones": float(counted.fired.sum()) / counted.frames / len(counted.fired),
        "units": len(selective.note),
        "notes_judged": int(judged[:KEYS].sum()),
        "units_that_answer": int((selective.note >= 0).sum()),
        "notes_answered": _mean(selective.answers),
        "notes_silenced": _mean(selective.silenced),
        "phi_of_best_note": _mean(best[selective.note >= 0]),
        "latency_ms": _mean(selective.latency * 1000 / found.frames_per_second),
        "width_ms": _mean(selective.width * 1000 / found.frames_per_second),
        "selectivity_note": _mean(selective.by_note),
        "selectivity_class": _mean(selective.by_class),
        "selectivity_octave": _mean(selective.by_octave),
        "octaves": _mean(selective.octaves),
        "fifths": _mean(selective.fifths),
        "information": _mean(_best_told(found)),
        "chords_judged": int(judged[_CHORDS].sum()),
        "chords_answered": _mean(certain[:, _CHORDS].sum(1)) if judged[_CHORDS].any() else None,
        **{
            f"units_at_{name.replace(' ', '_')}": int(certain[:, at].sum()) if judged[at] else None
            for name, at in zip(PEDAL, _PEDAL, strict=True)
        },
        "decoded": found.decoded and asdict(found.decoded),
    }


def as_json(sets: Mapping[str, Analyses]) -> dict[str, Any]:
    """Return what `units.json` holds, by set and code."""
    return {
        name: {
            "codes": {found.name: summary(found) for found in analyses.codes},
            "mel": analyses.mel and asdict(analyses.mel),
            "skipped": list(analyses.skipped),
        }
        for name, analyses in sets.items()
    }


def as_markdown(sets: Mapping[str, Analyses]) -> str:
    """Return a table for every set, with a column for each code."""
    lines = ["# What the units respond to", "", _LEGEND]
    for name, analyses in sets.items():
        codes = [summary(found) for found in analyses.codes]
        lines += [f"## {name}: {codes[0]['pieces']} pieces, {codes[0]['hours']:.2f} h", ""]
        lines += [line(["", *(found.name for found in analyses.codes), "mel"])]
        lines += [line(["---", *["--:"] * (len(codes) + 1)])]
        lines += [
            line([title, *(_cell(c[key], digits) for c in codes), ""])
            for title, key, digits in _ROWS
        ]
        decoders = [*(found.decoded for found in analyses.codes), analyses.mel]
        for title, key, digits in _DECODED:
            values = (None if d is None else getattr(d, key) for d in decoders)
            lines.append(line([title, *(_cell(value, digits) for value in values)]))
        lines += ["", *(f"- skipped: {reason}" for reason in analyses.skipped), ""]
    return "\n".join(lines).rstrip() + "\n"


def write(sets: Mapping[str, Analyses], out: Path, overwrite: bool = False) -> None:
    """Write arrays and summaries into the folder `out`; raises `OutputError`."""
    out.mkdir(parents=True, exist_ok=True)
    for name, analyses in sets.items():
        for found in analyses.codes:
            with replacing(array_path(out, name, found.name), overwrite) as temporary:
                np.savez_compressed(temporary, **arrays(found))
    texts = (json.dumps(as_json(sets), indent=1, allow_nan=False) + "\n", as_markdown(sets))
    for file, text in zip(SUMMARY, texts, strict=True):
        with replacing(out / file, overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8")


def refuse_existing(out: Path, data: Sequence[str], codes: Sequence[str], overwrite: bool) -> None:
    """Raise `OutputError` if a file of `write` could not be written.

    Also if the name of a set cannot be a file name.
    """
    for name in data:
        if Path(name).name != name:
            raise OutputError(f"{name!r}: the name is used for files; give one without a slash")
    arrays = [array_path(out, name, code).name for name in data for code in codes]
    refuse_outputs(out, (*arrays, *SUMMARY), overwrite)


def array_path(out: Path, data: str, code: str) -> Path:
    """Return where the arrays of a code on a set lie."""
    return out / f"{data}-{code}.npz"


def _best_told(found: Analysis) -> npt.NDArray[np.float64]:
    """Return, for each note played often enough, the information of the best unit about it."""
    told = found.information[:, :KEYS]
    return told[:, ~np.isnan(told).all(0)].max(0, initial=0)


def _mean(values: npt.NDArray[Any]) -> float | None:
    known = values[~np.isnan(values.astype(np.float64))]
    return float(known.mean()) if known.size else None


def _cell(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
