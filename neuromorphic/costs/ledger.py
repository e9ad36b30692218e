"""What a run costs on a chip, term by term with ranges; unpublished prices are never guessed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from neuromorphic.chips.arithmetic import PAYLOAD_BITS
from neuromorphic.chips.catalogue import Chip
from neuromorphic.chips.figure import Figure
from neuromorphic.costs.counts import Counts, total
from neuromorphic.costs.timing import Range, timing
from neuromorphic.costs.work import Work
from runtime.errors import ChipError

REAL, FAST = "real time", "as fast as it goes"
ALL_IN, STATIC, DYNAMIC = "all-in", "static", "dynamic"

WHOLE = "chip"  # the layer of a term that belongs to no layer


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
    def overhead(self) -> tuple[Term, ...]:
        """The terms of what is drawn over time, whether or not spikes come."""
        return tuple(term for term in self.terms if term.scope == STATIC)

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
    work: Work | None = None,
    misfit: str | None = None,
) -> Bill:
    """Price the counts of each layer, by its name, on `chip` for a run of `seconds` s.

    What is drawn over time is charged for `seconds` in the time base `REAL`, and for as long as the
    chip is busy in `FAST` (see `timing`). With the `work` of a placement, messages are counted core
    by core and their hops are priced; without it, one chip is used and hops are left out. The bill
    is refused if a term has no price, and for a `misfit` (see `fit.misfit`). A chip that only has
    an all-in price is billed at that.
    """
    counts = total(layers.values())
    prices = {key: price for key, price in chip.energy.items() if price.scope == DYNAMIC}
    if not prices and chip.energy:
        return all_in_bill(chip, counts, misfit)
    shared = _shared(counts, work)
    terms = [
        term(layer, key, quantities(chip, own)[key], price)
        for layer, own in layers.items()
        for key, price in prices.items()
        if key not in (*shared, "hop")
    ]
    terms += [term(WHOLE, key, n, prices[key]) for key, n in shared.items() if key in prices]
    busy = timing(chip, counts, work)
    run = busy.run if busy else None
    time = (seconds, seconds, seconds) if time_base == REAL else run
    terms += _powers(chip, time, work.placement.chips if work else 1)
    if "idle" in chip.power and time_base == REAL:
        terms.append(_over_time("idle", chip.power["idle"], run and _rest(seconds, run)))
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


def _shared(counts: Counts, work: Work | None) -> dict[str, int]:
    """Return how often what belongs to no layer happens."""
    if work is None:
        return {"step": counts.steps}
    return {
        "step": counts.steps * work.placement.chips,
        "message": work.copies + counts.leaving,
        "hop": work.hops,
    }


def _powers(chip: Chip, time: Range | None, chips: int) -> list[Term]:
    """Return what is drawn over time by `chips` in use, and by the others on their board."""
    if "chip" not in chip.power and "core" not in chip.power:
        return []
    price = chip.power.get("chip") or chip.power["core"]
    terms = [_over_time("static", price, time, (chips,) * 3)]
    if "management" in chip.power:
        terms.append(_over_time("management", chip.power["management"], time, (chips,) * 3))
    if (boards := chip.idle_chips(chips)) and boards[2]:
        terms.append(_over_time("idle chips", price, time, boards))
    return terms


def _rest(seconds: float, busy: Range) -> Range:
    low, middle, high = (max(seconds - end, 0.0) for end in reversed(busy))
    return low, middle, high


def _over_time(
    name: str, price: Figure, time: Range | None, times: tuple[int, int, int] = (1, 1, 1)
) -> Term:
    """Charge a power over `time` (low, mid, high) s, so many times over."""
    power = price.range()
    if power is None or time is None:
        return Term(WHOLE, name, 0.0, STATIC, None, None, None, price.evidence, price.source)
    energy = [n * p * t for n, p, t in zip(times, power, time, strict=True)]
    low, mid, high = energy
    return Term(WHOLE, name, time[1], STATIC, low, mid, high, price.evidence, price.source)


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
