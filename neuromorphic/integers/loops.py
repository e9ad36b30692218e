"""The steps of leaky units in one compiled loop, where numba is installed."""

from runtime.coders.lapped.compiling import COMPILED, Numbers, compiled

__all__ = ["COMPILED", "leaky", "scatter"]


@compiled
def _kept(value: int, factor: int, bits: int) -> int:
    kept = value * factor
    return kept >> bits if kept >= 0 else -(-kept >> bits)


@compiled
def _shifted(value: int, exponent: int) -> int:
    return value << exponent if exponent > 0 else value >> -exponent


@compiled
def leaky(
    sums: Numbers,
    u: Numbers,
    v: Numbers,
    owed: Numbers,
    kept_u: Numbers,
    kept_v: Numbers,
    level: Numbers,
    bias: Numbers,
    weights: Numbers,
    targets: Numbers,
    ends: Numbers,
    last: Numbers,
    back: Numbers,
    exponent: int,
    bits: int,
    wrap: int,
    most: int,
    ties: bool,
    subtracts: bool,
    late: bool,
    floor: bool,
) -> None:
    """Run `fixed_point.step`: `sums`, step by step, become spikes; the states are updated.

    `kept_u` and `kept_v` are what each unit keeps. What unit `m` sent `last` adds each of its
    `weights`, from `ends[m]` to `ends[m + 1]`, to `back`, the sums of its `targets` in the next
    step.
    """
    units = len(u)
    for first in range(0, len(sums), units):
        if len(weights) > 0:
            for n in range(units):
                back[n] = 0
            for m in range(units):
                if last[m] != 0:
                    for i in range(ends[m], ends[m + 1]):
                        back[targets[i]] += last[m] * weights[i]
        for n in range(units):
            given = (sums[first + n] + _shifted(back[n], exponent)) << 6
            now_u = _kept(u[n], kept_u[n], bits) + given
            if now_u > wrap:
                now_u -= 2 * wrap
            elif now_u <= -wrap:
                now_u += 2 * wrap
            now_v = _kept(v[n], kept_v[n], bits) + now_u + bias[n] - owed[n]
            now_v = min(max(now_v, 1 - wrap), wrap - 1)
            sent = 0
            if now_v >= level[n]:
                if most > 1:
                    sent = min(now_v // level[n], most)
                elif ties or now_v > level[n]:
                    sent = 1
            owed[n] = sent * level[n] if late else 0
            if not subtracts:
                now_v = 0 if sent > 0 else now_v
            elif not late:
                now_v -= sent * level[n]
            u[n] = now_u
            v[n] = max(now_v, -level[n]) if floor else now_v
            sums[first + n] = last[n] = sent


@compiled
def scatter(
    sums: Numbers,
    units: int,
    inputs: Numbers,
    values: Numbers,
    steps: Numbers,
    weights: Numbers,
    targets: Numbers,
    ends: Numbers,
) -> None:
    """Add the weights that each event meets to `sums`, step by step.

    Event `e` of step `t`, from `steps[t]` to `steps[t + 1]`, comes from `inputs[e]` and carries
    `values[e]`; input `m` has the `weights` from `ends[m]` to `ends[m + 1]`.
    """
    for t in range(len(steps) - 1):
        first = t * units
        for e in range(steps[t], steps[t + 1]):
            for i in range(ends[inputs[e]], ends[inputs[e] + 1]):
                sums[first + targets[i]] += values[e] * weights[i]
