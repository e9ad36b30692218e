"""What a binary matrix costs in bits by the paper's formulas, and the lower bound.

These are *metrics*. Files use `runtime.coders`, whose forms of the same names can be decoded and
are a little larger: the paper's pointers take `clog(S)` bits, which is one value too few for 0..S.

Throughout, `clog(n) = ceil(log2(n))`, and 0 for n <= 1, since a single choice needs no bits. Hence
`S = 0` costs nothing in the three sparse formats, `S = 1` pays only for its one index, and the list
of `N - 1` or `T - 1` pointers is empty when there are no units or no frames.
Source: arXiv 2402.01571, section 2, "Binary sparse matrix storage".
"""

import math

from runtime.events import EventMatrix


def clog(n: int) -> int:
    """Return `ceil(log2(n))`, the bits needed to distinguish `n` things; 0 for n <= 1."""
    return max(n - 1, 0).bit_length()


def dense_bits(units: int, frames: int) -> int:
    """Return the bits of the dense format, one per cell: `N T`."""
    return units * frames


def coo_bits(units: int, frames: int, events: int) -> int:
    """Return the bits of the list of coordinates: `S (clog N + clog T)`."""
    return events * (clog(units) + clog(frames))


def time_bits(units: int, frames: int, events: int) -> int:
    """Return the bits of the times of each unit: `S clog T + (N - 1) clog S`."""
    return events * clog(frames) + max(units - 1, 0) * clog(events)


def units_bits(units: int, frames: int, events: int) -> int:
    """Return the bits of the units of each frame: `S clog N + (T - 1) clog S`."""
    return events * clog(units) + max(frames - 1, 0) * clog(events)


def paper_bits(units: int, frames: int, events: int, most_events: int | None = None) -> int:
    """Return the paper's total: the cheapest format, 2 bits to name it, the count of events.

    The count takes `clog(S_max + 1)` bits. `S_max` is `most_events`, in the paper the largest count
    in a data set; without it, `N T` is used, which needs no data set and errs upward.
    """
    cheapest = min(
        dense_bits(units, frames),
        coo_bits(units, frames, events),
        time_bits(units, frames, events),
        units_bits(units, frames, events),
    )
    return cheapest + 2 + clog((units * frames if most_events is None else most_events) + 1)


def midi_like_bits(events: int) -> int:
    """Return the bits if each event were a MIDI message: 3 bytes and a delta time of 1 byte."""
    return 32 * events


def bound_bits(units: int, frames: int, events: int) -> float:
    """Return `log2 C(N T, S)`: no code that knows only `N`, `T` and `S` is shorter on average."""
    cells = units * frames
    if not 0 <= events <= cells:
        raise ValueError(f"{events} events do not fit in {units} x {frames} cells")
    nats = math.lgamma(cells + 1) - math.lgamma(events + 1) - math.lgamma(cells - events + 1)
    return max(nats, 0.0) / math.log(2)


def event_rates(events: EventMatrix, seconds: float) -> dict[str, float]:
    """Return the paper's total and the entropy bound in kbit/s, events per second, and density."""
    shape = (events.units, events.frames, events.count)
    return {
        "paper_kbps": paper_bits(*shape) / seconds / 1000,
        "bound_kbps": bound_bits(*shape) / seconds / 1000,
        "events_per_second": events.count / seconds,
        "density": events.density,
    }
