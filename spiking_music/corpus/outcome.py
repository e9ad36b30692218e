"""The outcome of one recording, and of all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from spiking_music.corpus.listing import Item


@dataclass(frozen=True)
class Outcome:
    """What happened to an `item`: `encoded`, `kept` (its output was complete already) or `failed`.

    `seconds` of sound; `size` of the output in bytes; `cpu_seconds` of the worker's thread; `notes`
    for the user; the `reason` of a failure.
    """

    item: Item
    status: Literal["encoded", "kept", "failed"]
    seconds: float = 0.0
    size: int = 0
    cpu_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    reason: str = ""


@dataclass
class Tally:
    """Outcomes counted as they come; only failures take memory."""

    counts: dict[str, int] = field(default_factory=lambda: {"encoded": 0, "kept": 0, "failed": 0})
    seconds: float = 0.0
    encoded_seconds: float = 0.0
    size: int = 0
    cpu_seconds: float = 0.0
    failures: list[dict[str, str]] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.counts[outcome.status] += 1
        self.seconds += outcome.seconds
        self.size += outcome.size
        self.cpu_seconds += outcome.cpu_seconds
        if outcome.status == "encoded":
            self.encoded_seconds += outcome.seconds
        elif outcome.status == "failed":
            self.failures.append({"source": outcome.item.source, "reason": outcome.reason})

    @property
    def files(self) -> int:
        """Outcomes so far."""
        return sum(self.counts.values())

    def summary(self, elapsed: float) -> Mapping[str, Any]:
        """Return the figures of a run that took `elapsed` seconds.

        `hours` of sound, `bytes` and `kbit_s` are for all outputs that exist now; `hours_an_hour`
        and `hours_a_core_hour` for what was encoded in this run, None when nothing was.
        """
        return {
            "files": self.files,
            **self.counts,
            "hours": self.seconds / 3600,
            "bytes": self.size,
            "kbit_s": _share(self.size * 8e-3, self.seconds),
            "elapsed_seconds": elapsed,
            "core_seconds": self.cpu_seconds,
            "hours_an_hour": _share(self.encoded_seconds, elapsed),
            "hours_a_core_hour": _share(self.encoded_seconds, self.cpu_seconds),
            "failures": self.failures,
        }


def _share(amount: float, of: float) -> float | None:
    return amount / of if amount and of else None
