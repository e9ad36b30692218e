"""The steps of leaky units in one compiled loop, where numba is installed."""

from runtime.coders.lapped.compiling import COMPILED, Numbers, compiled

__all__ = ["COMPILED", "leaky"]


@compiled
def leaky(
    sums: Numbers,
    u: Numbers,
    v: Numbers,
    kept_u: Numbers,
    kept_v: Numbers,
    level: Numbers,
    bias: Numbers,
    bits: int,
    wrap: int,
) -> None:
    """Run `fixed_point.step` unit by unit: `sums` are replaced by spikes; `u` and `v` are updated.

    `sums` are aligned to the states; `kept_u` and `kept_v` are what each unit keeps of them.
    """
    steps = len(sums) // len(u)
    for n in range(len(u)):
        now_u, now_v = u[n], v[n]
        for t in range(n * steps, (n + 1) * steps):
            kept = now_u * kept_u[n]
            kept = kept >> bits if kept >= 0 else -(-kept >> bits)
            now_u = kept + sums[t]
            if now_u > wrap:
                now_u -= 2 * wrap
            elif now_u <= -wrap:
                now_u += 2 * wrap
            kept = now_v * kept_v[n]
            kept = kept >> bits if kept >= 0 else -(-kept >> bits)
            now_v = min(max(kept + now_u + bias[n], 1 - wrap), wrap - 1)
            fires = now_v > level[n]
            sums[t] = 1 if fires else 0
            if fires:
                now_v = 0
        u[n], v[n] = now_u, now_v
