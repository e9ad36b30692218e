"""What a run costs on a chip, term by term with ranges; unpublished prices are never guessed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.chips.catalogue import Chip
from neuromorphic.chips.figure import Figure
from neuromorphic.costs.counts import Counts, total
from runtime.errors import ChipError

REAL, FAST = "real time", "as fast as it goes"
ALL_IN, STATIC, DYNAMIC = "all-in", "static", "dynamic"

WHOLE = "chip"  # the layer of a term that belongs to no layer

Range = tuple[float, float, float]


@dataclass(frozen=True)
class Term:
    """One line of a bill: `count` operations (static: seconds) at a price; J, None if unpriced.

    `layer` performs them. `scope` is dynamic, static, reference (see `operations.prices`) or
    all-in; an all-in price includes everything and must not be added to other terms.
    """

    layer: str
    name: str
    count: float
    scope: str
    low_j: float | None
    mid_j: float | None
    high_j: float | None
    evidence: str
    source: str


@dataclass(frozen=True)
class Bill:
    """Terms and their total in J; if it is unknown, the total is None and `refused` says why.

    Static power is charged for `seconds` in `time_base`; `covers` says what is priced.
    Raises `ChipError` when an all-in term is combined with another one.
    """

    chip: str
    time_base: str
    seconds: float | None
    terms: tuple[Term, ...]
    refused: str | None
    covers: str

    def __post_init__(self) -> None:
        if len(self.terms) > 1 and any(term.scope == ALL_IN for term in self.terms):
            raise ChipError(f"{self.chip}: an all-in price includes all other terms; use it alone")

    @property
    def low_j(self) -> float | None:
        """Low end of the total, J."""
        return self._total(self.terms, "low_j")

    @property
    def mid_j(self) -> float | None:
        """The total, J."""
        return self._total(self.terms, "mid_j")

    @property
    def high_j(self) -> float | None:
        """High end of the total, J."""
        return self._total(self.terms, "high_j")

    @property
    def dynamic_j(self) -> float | None:
        """What the operations cost, without static power, J."""
        return self._total(self.operations, "mid_j")

    @property
    def operations(self) -> tuple[Term, ...]:
        """The terms without static power."""
        return tuple(term for term in self.terms if term.scope != STATIC)

    def dynamic(self) -> Range | None:
        """What the operations cost, (low, mid, high) J, even if static power has no price."""
        return summed(self.operations)

    def _total(self, terms: tuple[Term, ...], end: str) -> float | None:
        parts = [getattr(term, end) for term in terms]
        return None if self.refused or None in parts else float(sum(parts))


def summed(terms: Iterable[Term]) -> Range | None:
    """Return the sum of terms as (low, mid, high) J; None if any has no price."""
    ends = [(term.low_j, term.mid_j, term.high_j) for term in terms]
    if any(None in end for end in ends):
        return None
    low, mid, high = (float(sum(column)) for column in zip((0.0,) * 3, *ends, strict=True))
    return low, mid, high


def bill(
    chip: Chip,
    layers: Mapping[str, Counts],
    seconds: float,
    time_base: str = REAL,
    cores: int | None = 1,
    misfit: str | None = None,
) -> Bill:
    """Price the counts of each layer, by its name, on `chip` for a run of `seconds` s.

    Static power is charged for `seconds` in the time base `REAL`, and for `fast_seconds` in `FAST`.
    Its low end covers only the `cores` in use, if that is published; mid and high cover the whole
    chip. The bill is refused if a term has no price, and for a `misfit` (see `fit.misfit`). A chip
    that only has an all-in price is billed at that.
    """
    counts = total(layers.values())
    prices = {key: price for key, price in chip.energy.items() if price.scope == DYNAMIC}
    if not prices:
        return all_in_bill(chip, counts, misfit)
    terms = [
        term(layer, key, quantities(chip, own)[key], price)
        for layer, own in layers.items()
        for key, price in prices.items()
    ]
    time = (seconds, seconds, seconds) if time_base == REAL else fast_seconds(chip, counts)
    if chip.power:
        terms.append(_static(chip, time, cores))
    return settled(chip, terms, time_base, time[1] if time else None, misfit)


def all_in_bill(chip: Chip, counts: Counts, misfit: str | None = None) -> Bill:
    """Price the synaptic events alone, at the all-in price, which includes everything else.

    Raises `ChipError` when none is published for `chip`.
    """
    price = chip.energy.get("synaptic_event_all_in")
    if price is None:
        raise ChipError(f"chip {chip.name!r} has no all-in price; price its operations instead")
    number = quantities(chip, counts)["synaptic_event"]
    return settled(chip, [term(WHOLE, "synaptic_event_all_in", number, price)], misfit=misfit)


def quantities(chip: Chip, counts: Counts) -> dict[str, int]:
    """Return how often each priced operation happens on `chip`, by bit planes if it needs them."""
    graded = chip.planes(PAYLOAD_BITS) == 1
    arriving = counts.input_words if graded else counts.plane_spikes
    return {
        "synaptic_event": counts.synaptic_events if graded else counts.plane_events,
        "weight_fetch": arriving,
        "neuron_update": counts.driven_updates + counts.idle_updates,
        "neuron_update_driven": counts.driven_updates,
        "neuron_update_idle": counts.idle_updates,
        "message": arriving + counts.leaving,
        "mac": counts.dense_macs,
        "weight_word": counts.weight_words,
    }


def fast_seconds(chip: Chip, counts: Counts) -> Range | None:
    """Return the shortest run time, (low, mid, high) s: steps, events and updates in sequence.

    This assumes one core that does everything in sequence, the slowest reading of the published
    times. None if a time is not published.
    """
    numbers = quantities(chip, counts)
    numbers["step"] = counts.steps
    keys = ("step", "synaptic_event", "neuron_update")
    times = {key: chip.time[key].range() if key in chip.time else None for key in keys}
    low = mid = high = 0.0
    for key, time in times.items():
        if time is None:
            return None
        low, mid, high = (a + numbers[key] * b for a, b in zip((low, mid, high), time, strict=True))
    return low, mid, high


def _static(chip: Chip, time: Range | None, cores: int | None) -> Term:
    price = chip.power.get("chip") or chip.power["core"]
    power, core = price.range(), chip.power.get("core")
    used = core.range() if core and cores else None
    if power is None or time is None:
        return Term(WHOLE, "static", 0.0, STATIC, None, None, None, price.evidence, price.source)
    low = used[0] * (cores or 1) if used else power[0]
    energy = (low * time[0], power[1] * time[1], power[2] * time[2])
    return Term(WHOLE, "static", time[1], STATIC, *energy, price.evidence, price.source)


def term(layer: str, name: str, number: int, price: Figure) -> Term:
    """Price `number` operations of a layer."""
    found = price.range()
    low, mid, high = (number * part for part in found) if found else (None, None, None)
    return Term(layer, name, number, price.scope, low, mid, high, price.evidence, price.source)


def settled(
    chip: Chip,
    terms: Iterable[Term],
    time_base: str = REAL,
    seconds: float | None = None,
    misfit: str | None = None,
    covers: str | None = None,
) -> Bill:
    """Return the bill of `terms`; it is refused for a `misfit` and for terms without a price."""
    terms = tuple(terms)
    unpriced = dict.fromkeys(term.name for term in terms if term.mid_j is None)
    reasons = [misfit] if misfit else []
    if unpriced:
        reasons.append("unpriced: " + ", ".join(unpriced))
    refused = "; ".join(reasons) or None
    return Bill(chip.name, time_base, seconds, terms, refused, covers or chip.covers)
