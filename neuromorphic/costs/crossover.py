"""Below which event rate spikes cost less: the dense baseline, break-even, published thresholds."""

from dataclasses import dataclass

from neuromorphic.chips.catalogue import Chip, load_chip
from neuromorphic.costs.counts import Counts
from neuromorphic.costs.ledger import DYNAMIC, REAL, WHOLE, bill, quantities, summed
from neuromorphic.costs.timing import Range
from neuromorphic.costs.work import Work
from runtime.errors import ChipError

IDEAL = "int8-45nm"  # arithmetic and memory alone: no silicon reaches it
BASELINES = ("gap9", "ndp120", "stm32u5", IDEAL)  # with the same weights and payloads, 8 bits each


@dataclass(frozen=True)
class Threshold:
    """A published rate, in spikes per synapse per inference, below which spikes cost less."""

    rate: float
    source: str


THRESHOLDS = (
    Threshold(0.15, "Dampfhoffer et al., IEEE TETCI 2023: the least of 0.15 to 1.38"),
    Threshold(0.285, "Yan, Bai and Wong, arXiv 2409.08290 v4: 5.7 % in each of 5 steps"),
    Threshold(1.38, "Dampfhoffer et al., IEEE TETCI 2023: the most of 0.15 to 1.38"),
    Threshold(1.72, "Davidson and Furber, Front. Neurosci. 2021"),
)


@dataclass(frozen=True)
class Crossover:
    """A chip compared with a dense baseline on one run, by operations without static power.

    `baseline_j` and `chip_j` are (low, mid, high) J. `rate` is in input events per second of sound;
    `per_s` are the rates at which both cost the same, from the worst to the best case for the chip:
    0 if the units alone, without any input, cost more than the baseline. `spikes_per_synapse`, per
    frame, is to be compared with `THRESHOLDS`.
    """

    baseline_j: Range
    chip_j: Range
    rate: float
    per_s: Range
    spikes_per_synapse: float


def baselines(name: str | None = None) -> tuple[Chip, ...]:
    """Return all baselines, or the one called `name`, which may be a `.toml` file.

    The ideal one never comes alone, since no silicon reaches it. Raises `ChipError` when there is
    no such chip, or when it has no price of a product.
    """
    if name is None or name == IDEAL:
        return tuple(map(load_chip, BASELINES))
    try:
        found = load_chip(name)
    except ChipError as error:
        if name.endswith(".toml"):
            raise
        raise ChipError(
            f"baseline {name!r} does not exist; use one of {', '.join(BASELINES)}, or a .toml file"
        ) from error
    price = found.energy.get("mac")
    if price is None or price.scope != DYNAMIC or price.range() is None:
        raise ChipError(
            f"{name} has no price of a product (energy.mac), so it is no baseline; use one of "
            f"{', '.join(BASELINES)}"
        )
    return (found,)


def crossover(
    chip: Chip, baseline: Chip, counts: Counts, seconds: float, work: Work | None = None
) -> Crossover | None:
    """Compare `chip` with `baseline` over `seconds` s; None without prices or products.

    Costs are taken to grow in proportion to the arriving events, apart from the units' own cost.
    """
    dense = bill(baseline, {WHOLE: counts}, seconds, REAL).dynamic()
    own = bill(chip, {WHOLE: counts}, seconds, REAL, work).operations
    whole = summed(own)
    if not dense or not dense[1] or whole is None or not own or not seconds:
        return None
    arriving = quantities(chip, counts)["weight_fetch"]
    driven = {"synaptic_event", "weight_fetch", "message", "hop"}
    share = {term.name: 1.0 for term in own if term.name in driven}
    if "message" in share:  # some of the messages are spikes that leave
        messages = arriving if work is None else work.copies
        share["message"] = messages / max(messages + counts.leaving, 1)
    moving = [
        sum(getattr(term, end) * share.get(term.name, 0.0) for term in own)
        for end in ("low_j", "mid_j", "high_j")
    ]
    fixed = [total - part for total, part in zip(whole, moving, strict=True)]
    rate = arriving / seconds

    def equal(base: float, end: int) -> float:
        return max(0.0, base - fixed[end]) / moving[end] * rate if moving[end] else 0.0

    return Crossover(
        dense,
        whole,
        rate,
        (equal(dense[0], 2), equal(dense[1], 1), equal(dense[2], 0)),
        arriving / max(counts.inputs * counts.steps, 1),
    )


def verdict(spikes_per_synapse: float) -> dict[str, bool]:
    """Return for each published threshold whether the rate is below it, so that spikes win."""
    return {entry.source: spikes_per_synapse < entry.rate for entry in THRESHOLDS}
