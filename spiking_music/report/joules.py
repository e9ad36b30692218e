"""Energies and shares as people read them."""

_PREFIXES = ((1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def joules(value: float | None) -> str:
    """Write an energy in J with the prefix that suits it, to two significant digits; - for None."""
    if value is None:
        return "-"
    scale, prefix = next(
        ((scale, prefix) for scale, prefix in _PREFIXES if value >= scale * 0.9995), _PREFIXES[-1]
    )
    scaled = value / scale
    return f"{scaled:.{0 if scaled >= 9.95 else 1}f}\N{NARROW NO-BREAK SPACE}{prefix}J"


def percent(share: float) -> str:
    """Write a share of one in per cent, to two significant digits."""
    return f"{100 * share:.2g}\N{NARROW NO-BREAK SPACE}%"
