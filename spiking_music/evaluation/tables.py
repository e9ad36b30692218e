"""Write the results of an evaluation: JSON for programs, CSV for statistics, Markdown to read."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from runtime.files import replacing
from runtime.outputs import refuse_outputs
from spiking_music.evaluation.bootstrap import LEVEL, RESAMPLES, Figure, figure
from spiking_music.evaluation.evaluate import Evaluation, Row

OUTPUTS = ("evaluation.json", "evaluation.csv", "evaluation.md")
MEASURES = tuple(field.name for field in fields(Row))[3:]
Summary = dict[str, dict[str, dict[str, Figure | None]]]

# Column of the table: title, measure, decimals.
_RATES = (
    ("stored", "stored_kbps", 2),
    ("formula", "paper_kbps", 2),
    ("bound", "bound_kbps", 2),
    ("events/s", "events_per_second", 0),
    ("ones", "density", 3),
)
_QUALITY = (
    ("mel", "mel_distance", 3),
    ("STFT", "stft_distance", 3),
    ("ViSQOL", "visqol", 2),
    ("note F1", "note_f1", 3),
    ("F1, played", "reference_f1", 3),
)
_LEGEND = f"""\
SI-SNR in dB: mean ± standard deviation [{LEVEL:.0%} interval of the mean by {RESAMPLES} bootstrap
resamples over clips], of one clip its value alone, each clip within ±100 dB. Rates in kbit/s:
`stored` as on disk, headers included; `formula`, the paper's; `bound`, log2 C(NT, S). `mel` and
`STFT` are distances, lower is closer. Note F1 is that of an independent transcriber on the copy,
against the same on the original and against the notes played: the row `original` is what the
transcriber itself can do. What a recording of a lower rate cannot hold is in no comparison. A dash
stands where a measure does not apply.
"""


def summary(evaluation: Evaluation) -> Summary:
    """Return the figures by set, system and measure; None if no clip has the measure."""
    return {
        name: {
            system: {
                measure: figure(_values(rows, system, measure))  # the same resamples for all
                for measure in MEASURES
            }
            for system in _unique(row.system for row in rows)
        }
        for name, rows in _by_set(evaluation)
    }


def write(
    evaluation: Evaluation, out: Path, overwrite: bool = False, skipped: Sequence[str] = ()
) -> None:
    """Write `OUTPUTS` into the folder `out`, created if needed; `skipped` are lines to include.

    Raises `OutputError` when a file exists and `overwrite` is false, or cannot be written.
    """
    refuse_outputs(out, OUTPUTS, overwrite)
    out.mkdir(parents=True, exist_ok=True)
    texts = (
        json.dumps(as_json(evaluation, skipped), indent=1, allow_nan=False) + "\n",
        as_csv(evaluation),
        as_markdown(evaluation, skipped),
    )
    for name, text in zip(OUTPUTS, texts, strict=True):
        with replacing(out / name, overwrite) as temporary:
            temporary.write_text(text, encoding="utf-8")


def as_json(evaluation: Evaluation, skipped: Sequence[str] = ()) -> dict[str, Any]:
    """Return what `evaluation.json` holds: summary, rows, and what is missing and why."""
    return {
        "sets": {
            name: {
                system: {key: value and asdict(value) for key, value in figures.items()}
                for system, figures in systems.items()
            }
            for name, systems in summary(evaluation).items()
        },
        "unavailable": dict(evaluation.unavailable),
        "skipped": list(skipped),
        "rows": [asdict(row) for row in evaluation.rows],
    }


def as_csv(evaluation: Evaluation) -> str:
    """Return a line for each clip and system, with empty fields for measures that do not apply."""
    text = io.StringIO()
    names = [field.name for field in fields(Row)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in evaluation.rows)
    return text.getvalue()


def as_markdown(evaluation: Evaluation, skipped: Sequence[str] = ()) -> str:
    """Return a table for every set, with a legend."""
    titles = ["system", *(t for t, _, _ in _RATES), "SI-SNR", *(t for t, _, _ in _QUALITY)]
    lines = ["# Evaluation", "", _LEGEND]
    clips = {name: len(_unique(row.clip for row in rows)) for name, rows in _by_set(evaluation)}
    for name, systems in summary(evaluation).items():
        lines += [f"## {name}: {clips[name]} clip{'s' * (clips[name] != 1)}", ""]
        lines += [line(titles), line(["---"] + ["--:"] * (len(titles) - 1))]
        lines += [line([system, *_cells(figures)]) for system, figures in systems.items()]
        lines.append("")
    reasons = [f"{name}: {reason}" for name, reason in evaluation.unavailable.items()]
    for title, entries in (("Not measured", reasons), ("Skipped", skipped)):
        if entries:
            lines += [f"{title}:", "", *(f"- {entry}" for entry in entries), ""]
    return "\n".join(lines)


def _cells(figures: dict[str, Figure | None]) -> Iterator[str]:
    for _, measure, decimals in _RATES:
        yield _mean(figures[measure], decimals)
    yield _spread(figures["si_snr_db"])
    for _, measure, decimals in _QUALITY:
        yield _mean(figures[measure], decimals)


def _mean(value: Figure | None, decimals: int) -> str:
    return "-" if value is None else f"{value.mean:.{decimals}f}"


def _spread(value: Figure | None) -> str:
    if value is None:
        return _mean(value, 0)
    if value.low is None or value.high is None:
        return f"{value.mean:.2f}"
    return f"{value.mean:.2f} ± {value.sd:.2f} [{value.low:.2f}, {value.high:.2f}]"


def line(cells: Sequence[str]) -> str:
    """Return a row of a table in Markdown."""
    return f"| {' | '.join(cells)} |"


def _by_set(evaluation: Evaluation) -> Iterator[tuple[str, list[Row]]]:
    for name in _unique(row.set for row in evaluation.rows):
        yield name, [row for row in evaluation.rows if row.set == name]


def _values(rows: Sequence[Row], system: str, measure: str) -> list[float]:
    found = (getattr(row, measure) for row in rows if row.system == system)
    return [value for value in found if value is not None]


def _unique(names: Iterator[str]) -> list[str]:
    return list(dict.fromkeys(names))
