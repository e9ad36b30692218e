"""What integer layers do over time, in compiled loops, where numba is installed.

Arrays of units and steps are flat, unit by unit.
"""

from runtime.coders.lapped.compiling import COMPILED, Numbers, compiled

__all__ = ["COMPILED", "alone", "recurrent", "scatter"]


@compiled
def _kept(value: int, factor: int, bits: int) -> int:
    kept = value * factor
    return (kept + ((kept >> 63) & ((1 << bits) - 1))) >> bits  # towards zero, without a branch


@compiled
def _shifted(value: int, exponent: int) -> int:
    return value << exponent if exponent > 0 else value >> -exponent


@compiled
def _current(u: int, given: int, kept: int, bits: int, wrap: int) -> int:
    u = _kept(u, kept, bits) + (given << 6)
    if u > wrap:
        return u - 2 * wrap
    return u + 2 * wrap if u <= -wrap else u


@compiled
def _voltage(v: int, added: int, kept: int, bits: int, wrap: int) -> int:
    return min(max(_kept(v, kept, bits) + added, 1 - wrap), wrap - 1)


@compiled
def _sent(v: int, level: int, most: int, ties: bool) -> int:
    if v < level or (v == level and not ties):
        return 0
    return min(v // level, most) if most > 1 else 1


@compiled
def _left(v: int, sent: int, level: int, subtracts: bool, late: bool, floor: bool) -> int:
    if not subtracts:
        v = 0 if sent > 0 else v
    elif not late:
        v -= sent * level
    return max(v, -level) if floor else v


@compiled
def alone(
    sums: Numbers,
    u: Numbers,
    v: Numbers,
    owed: Numbers,
    kept_u: Numbers,
    kept_v: Numbers,
    level: Numbers,
    bias: Numbers,
    bits: int,
    wrap: int,
    most: int,
    ties: bool,
    subtracts: bool,
    late: bool,
    floor: bool,
) -> None:
    """Run `fixed_point.step` for units that hear nothing of one another, one unit after another.

    `sums` become spikes; the states are updated. `kept_u` and `kept_v` are what each unit keeps.
    """
    length = len(sums) // len(u)
    for n in range(len(u)):
        now_u, now_v, now_owed = u[n], v[n], owed[n]
        keeps_u, keeps_v, at, more = kept_u[n], kept_v[n], level[n], bias[n]
        for i in range(n * length, (n + 1) * length):
            now_u = _current(now_u, sums[i], keeps_u, bits, wrap)
            now_v = _voltage(now_v, now_u + more - now_owed, keeps_v, bits, wrap)
            sent = _sent(now_v, at, most, ties)
            now_owed = sent * at if late else 0
            now_v = _left(now_v, sent, at, subtracts, late, floor)
            sums[i] = sent
        u[n], v[n], owed[n] = now_u, now_v, now_owed


@compiled
def recurrent(
    sums: Numbers,
    u: Numbers,
    v: Numbers,
    owed: Numbers,
    kept_u: Numbers,
    kept_v: Numbers,
    level: Numbers,
    bias: Numbers,
    bits: int,
    wrap: int,
    most: int,
    ties: bool,
    subtracts: bool,
    late: bool,
    floor: bool,
    weights: Numbers,
    targets: Numbers,
    ends: Numbers,
    exponent: int,
    last: Numbers,
    back: Numbers,
) -> None:
    """Run `fixed_point.step` for units that hear what they sent in the step before: see `alone`.

    What unit `m` sent `last` adds each of its `weights`, from `ends[m]` to `ends[m + 1]`, to
    `back`, the sums of its `targets` in the next step.
    """
    units = len(u)
    length = len(sums) // units
    for t in range(length):
        for n in range(units):
            back[n] = 0
        for m in range(units):
            if last[m] != 0:
                for i in range(ends[m], ends[m + 1]):
                    back[targets[i]] += last[m] * weights[i]
        for n in range(units):
            given = sums[n * length + t] + _shifted(back[n], exponent)
            u[n] = _current(u[n], given, kept_u[n], bits, wrap)
            now_v = _voltage(v[n], u[n] + bias[n] - owed[n], kept_v[n], bits, wrap)
            sent = _sent(now_v, level[n], most, ties)
            owed[n] = sent * level[n] if late else 0
            v[n] = _left(now_v, sent, level[n], subtracts, late, floor)
            sums[n * length + t] = last[n] = sent


@compiled
def scatter(
    sums: Numbers,
    length: int,
    firsts: Numbers,
    steps: Numbers,
    values: Numbers,
    weights: Numbers,
    targets: Numbers,
    ends: Numbers,
) -> None:
    """Add the weights that each event meets to `sums`, over `length` steps.

    Events `e` of input `m`, from `firsts[m]` to `firsts[m + 1]`, come in `steps[e]` and carry
    `values[e]`; input `m` has the `weights` from `ends[m]` to `ends[m + 1]`.
    """
    for m in range(len(firsts) - 1):
        for i in range(ends[m], ends[m + 1]):
            first, weight = targets[i] * length, weights[i]
            for e in range(firsts[m], firsts[m + 1]):
                sums[first + steps[e]] += values[e] * weight
